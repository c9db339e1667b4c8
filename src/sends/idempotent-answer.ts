import { z } from 'zod';
import { describe, GuardError } from '../core/errors';
import type { RequestSend, StoredAnswer } from '../stores/idempotency-store';
import { OPEN_STATES, type SendState } from '../stores/send-store';
import type { Ending } from './judge';

/** Larger ones hold media. What a caller needs of them is the id of the message. */
const MOST_BYTES = 1024 * 1024;
/** For so long after the end of a send its answer may be on its way into the database. */
const GRACE_MS = 5_000;
const CREATED = 201;

const messageAnswer = z.object({
  key: z.looseObject({ id: z.string() }),
  status: z.unknown().optional(),
});

/** An error as the host's own error handler writes it. */
export function errorAnswer(status: number, error: string, message: unknown): StoredAnswer {
  return { status, text: JSON.stringify({ status, error, response: { message } }) };
}

/** What is kept of an answer. @param json its text; nothing where it was something else. */
export function keptAnswer(status: number, json: string | undefined): StoredAnswer {
  if (json === undefined || Buffer.byteLength(json) <= MOST_BYTES) return { status, text: json ?? '' };
  const { data } = messageAnswer.safeParse(parsed(json));
  return { status, text: JSON.stringify(data ?? {}) };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/**
 * The answer of a request whose send another process has made for it, as the host would have written it.
 *
 * @returns nothing where the send has not come to its end, or must be made anew.
 */
export function answerOfEnding(ending: Ending): StoredAnswer | undefined {
  if ('result' in ending) return keptAnswer(CREATED, textOf(ending.result));
  const { error } = ending;
  const guard = error instanceof GuardError ? error : (error as { cause?: unknown } | null | undefined)?.cause;
  if (guard instanceof GuardError) return guard.code === 'GUARD_SENDS_UNKNOWN' ? conflict(guard.message) : undefined;
  const given = (error ?? {}) as { status?: unknown; error?: unknown; message?: unknown };
  const status = typeof given.status === 'number' ? given.status : 500;
  const name = typeof given.error === 'string' ? given.error : 'Internal Server Error';
  return errorAnswer(status, name, given.message ?? describe(error));
}

function textOf(result: unknown): string | undefined {
  try {
    return JSON.stringify(result);
  } catch {
    return JSON.stringify(messageAnswer.safeParse(result).data ?? {});
  }
}

/**
 * The answer of a request whose process has sent and then ended before its answer was kept: as much of it as the journal
 * knows.
 *
 * @param sends at least one. The first is the one that the request was about.
 * @returns nothing where its end, or a fuller answer, is still to come.
 */
export function answerOfSends([first]: readonly RequestSend[]): StoredAnswer | undefined {
  if (!first || isOpen(first.state) || first.sinceMs < GRACE_MS) return undefined;
  const { sendId, state, messageId, error } = first;
  if (state === 'unknown') return conflict(new GuardError('GUARD_SENDS_UNKNOWN', `Send ${sendId}.`).message);
  if (state === 'cancelled') return conflict(`Send ${sendId} was cancelled before it was made.`);
  if (state === 'failed') return errorAnswer(400, 'Bad Request', [error ?? 'The send failed.']);
  return keptAnswer(CREATED, JSON.stringify({ key: { fromMe: true, id: messageId }, status: 'PENDING' }));
}

const isOpen = (state: SendState) => OPEN_STATES.some((open) => open === state);

const conflict = (message: string) => errorAnswer(409, 'Conflict', [message]);
