import { backoffMs } from '../../core/backoff';
import { GuardError } from '../../core/errors';
import type { SendRecord } from '../../stores/send-store';
import { wordsOf } from '../judge';
import { inSurroundings } from '../turn';
import type { SendStep } from './definition';
import type { Running, RunParts, StepEnd } from './run-parts';
import { Interruption, type Waits } from './waits';

/** Pauses in milliseconds between looks into the journal, which learns of an end a little later than who sends. */
const [FIRST_LOOK_MS, MOST_LOOK_MS] = [10, 1_000];

/** Servers that the guard needs were away, so nothing was sent: that says nothing about the message. */
const AWAY = /^GUARD_SENDS_(JOURNAL|LOCKS)_DOWN\b/;

type SendParts = Pick<RunParts, 'journal' | 'owner' | 'host' | 'settle' | 'letGo' | 'makeAgain' | 'random'>;

interface Attempt {
  sendId: string;
  /** As the host is told. */
  number: string;
  /** Whether another process has begun it. */
  isResumed: boolean;
}

/**
 * Sends the message of a step once, under an id that was written down before. So one that may have been begun by a process
 * that is gone is found in the journal, and is not sent anew: its end is awaited, whoever makes it.
 */
export async function runSend(
  parts: SendParts,
  running: Running,
  step: SendStep,
  { sendId, number, isResumed }: Attempt,
  waits: Waits,
): Promise<StepEnd> {
  const { journal, random } = parts;
  const look = async () => (await waits.until(() => journal.find(sendId)))[0];
  let found = isResumed ? await look() : undefined;
  let refusal: Refusal | undefined;
  if (!found) {
    refusal = await send(parts, running, step, sendId, number);
    if (codeOf(refusal?.error) === 'GUARD_SENDS_STOPPING') throw new Interruption('stopping');
    found = await look();
  }
  for (let looks = 0; found?.state === 'accepted' || found?.state === 'sending'; looks += 1) {
    if (isResumed) await finish(parts, running, found);
    await waits.sleepUncancelled(backoffMs(looks, random, FIRST_LOOK_MS, MOST_LOOK_MS));
    found = await look();
  }
  return endOf(found, refusal);
}

interface Refusal {
  error: unknown;
}

/** @returns what the host says against it. */
async function send(
  { host }: SendParts,
  { work, turn }: Running,
  { send: { route, body } }: SendStep,
  sendId: string,
  number: string,
): Promise<Refusal | undefined> {
  let given: string | undefined = sendId;
  const takeId = () => {
    const id = given;
    given = undefined;
    return id;
  };
  const around = { caller: 'sequence', isHigh: work.isHigh, turn, sendId: takeId };
  return inSurroundings(around, async () => host.send(work.instance, number, { route, body })).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
}

/** It was taken over with the sequence, or is owed in this chat, or is being made by another process. */
async function finish(parts: SendParts, { work }: Running, { sendId, owner }: SendRecord): Promise<void> {
  const own = work.left.find((each) => each.sendId === sendId);
  if (own) {
    const error = await parts.makeAgain(own, work.key);
    if (!isAway(error)) work.left = work.left.filter((each) => each !== own);
  } else if (owner === parts.owner) await parts.settle(work.key);
  else parts.letGo(work.key); // whoever has it cannot send while we hold the chat
}

function endOf(found: SendRecord | undefined, refusal: Refusal | undefined): StepEnd {
  if (found?.state === 'unknown') {
    return { kind: 'failed', code: 'GUARD_SENDS_UNKNOWN', detail: `Send ${found.sendId}.`, mayRepeat: false };
  }
  if (found?.state === 'failed' || (!found && refusal)) {
    // Where the journal does not know of it, the host has refused it before it became a send, or sends past the guard.
    const detail = found ? (found.error ?? 'No reason was given.') : wordsOf(refusal?.error);
    return AWAY.test(detail) ? { kind: 'away', detail } : refused(detail, true);
  }
  if (found?.state === 'cancelled') return refused(`Send ${found.sendId} was cancelled.`, false);
  return { kind: 'done', ...(found?.messageId && { messageId: found.messageId }) };
}

const refused = (detail: string, mayRepeat: boolean): StepEnd => ({
  kind: 'failed',
  code: 'GUARD_SEQUENCE_SEND',
  detail,
  mayRepeat,
});

/** Whether an error tells that a send could not be made for want of a server. */
export const isAway = (error: unknown) => AWAY.test(codeOf(error) ?? '');

/** The host is told of our errors in a form of its own. */
function codeOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof GuardError) return at.code;
  return undefined;
}
