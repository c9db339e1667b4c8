import { z } from 'zod';
import type { ErrorCode } from '../core/error-registry';
import { GuardError } from '../core/errors';
import { whole } from '../core/setting-types';
import type { Sequences } from '../sends/sequences/sequences';
import type { SequenceStore } from '../stores/sequence-store';
import type { Handler } from './handler';
import { parse, Problem } from './problem';
import { loopOf } from './refuse-loops';
import { sequenceAnswer, sequencePage } from './sequence-answers';
import { asSequenceFilter, sequenceFields, sequenceId } from './sequence-query';

/** What the handlers of sequences need; compose.ts hands it in. */
export interface SequenceTools {
  store: Pick<SequenceStore, 'find' | 'list' | 'cancel'>;
  /** Or why this process runs none. */
  sequences: Pick<Sequences, 'accept' | 'cancel'> | { lacks: string };
}

/** Mistakes that one answer tells of. */
const MOST_MISTAKES = 20;
/** Seconds after which a caller who met a full queue may try again. */
const RETRY_AFTER_SECONDS = 5;

const STATUSES = {
  GUARD_SEQUENCE_INSTANCE: 404,
  GUARD_SEQUENCE_KEY: 422,
  GUARD_SENDS_FULL: 429,
} as const satisfies Partial<Record<ErrorCode, Problem['status']>>;

/** `POST /guard/sequences`: 201 for a new one, 200 for one that was asked for before with the same idempotencyKey. */
export function createSequence({ sequences }: SequenceTools): Handler {
  return async (request, response) => {
    const loop = loopOf(request);
    if (loop) throw loop;
    if ('lacks' in sequences) throw new GuardError('GUARD_SEQUENCES_OFF', sequences.lacks);
    const accepted = await sequences.accept(request.body).catch((error: unknown) => {
      const code = error instanceof GuardError ? error.code : undefined;
      if (code === 'GUARD_SENDS_FULL') response.set('Retry-After', String(RETRY_AFTER_SECONDS));
      const status = Object.entries(STATUSES).find(([each]) => each === code)?.[1];
      throw status === undefined ? error : new Problem(status, [(error as GuardError).message]);
    });
    if ('mistakes' in accepted) throw new Problem(400, accepted.mistakes.slice(0, MOST_MISTAKES));
    const { id, state, isNew } = accepted;
    response.status(isNew ? 201 : 200).json({ id, state });
  };
}

/** `GET /guard/sequences/:id`: how far it is. */
export function showSequence({ store }: SequenceTools): Handler {
  return async (request, response) => {
    const id = parse(sequenceId, request.params.id);
    response.json(sequenceAnswer((await store.find(id)) ?? unknown(id)));
  };
}

const listQuery = z.strictObject({
  ...sequenceFields,
  before: whole(1, Number.MAX_SAFE_INTEGER).default(Number.MAX_SAFE_INTEGER),
  limit: whole(1, 500).default(50),
});

/** `GET /guard/sequences`: a page, the newest first; `next` is the `before` of the following page, or null. */
export function listSequences({ store }: SequenceTools): Handler {
  return async (request, response) => {
    const { before, limit, ...asked } = parse(listQuery, request.query);
    response.json(sequencePage(await store.list(asSequenceFilter(asked), before, limit), limit));
  };
}

/** `DELETE /guard/sequences/:id`: what it is then. 202 where the step under way ends first, 200 where it has ended. */
export function cancelSequence({ store, sequences }: SequenceTools): Handler {
  return async (request, response) => {
    const id = parse(sequenceId, request.params.id);
    const record = (await ('lacks' in sequences ? store : sequences).cancel(id)) ?? unknown(id);
    response.status(record.endedAt === null ? 202 : 200).json(sequenceAnswer(record));
  };
}

function unknown(id: string): never {
  throw new Problem(404, [new GuardError('GUARD_SEQUENCE_UNKNOWN', `It was ${id}.`).message]);
}
