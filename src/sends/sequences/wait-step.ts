import type { Clock } from '../../core/clock';
import { createWaker } from '../../core/waker';
import type { SendStore } from '../../stores/send-store';
import { AWAITED, type WaitStep } from './definition';
import type { Ears } from './ears';
import type { Waits } from './waits';
import type { StepEnd } from './run-parts';

export interface WaitParts {
  journal: Pick<SendStore, 'find'>;
  ears: Ears;
  waits: Waits;
  clock: Pick<Clock, 'now'>;
}

/** Another process may hear of it: then only the journal tells. */
const LOOK_MS = 5_000;

/** Waits for what WhatsApp says of a send. @param startedAt milliseconds since 1970: the time runs on while nobody waits. */
export async function runWait(
  { journal, ears, waits, clock }: WaitParts,
  { waitFor, timeoutMs, onTimeout }: WaitStep,
  sendId: string,
  startedAt: number,
): Promise<StepEnd> {
  const waker = createWaker();
  const deafen = ears.listen(sendId, waker);
  try {
    for (;;) {
      const [found] = await waits.until(() => journal.find(sendId));
      const state = found?.state ?? 'sent';
      if (state === 'failed' || state === 'cancelled' || state === 'unknown') {
        const detail = `Send ${sendId} is ${state}${found?.error ? `: ${found.error}` : ''}.`;
        return { kind: 'failed', code: 'GUARD_SEQUENCE_REFUSED', detail, mayRepeat: false };
      }
      if (rank(state) >= rank(waitFor)) return { kind: 'done' };
      const leftMs = remainingMs(startedAt, timeoutMs, clock);
      if (leftMs <= 0) return timedOut(sendId, waitFor, timeoutMs, onTimeout);
      await waker.wait(Math.min(leftMs, LOOK_MS), waits.signal);
      waits.check();
    }
  } finally {
    deafen();
  }
}

/** Never longer than the whole, should the clock have been set back. */
export const remainingMs = (startedAt: number, lengthMs: number, { now }: Pick<Clock, 'now'>) =>
  Math.min(lengthMs, startedAt + lengthMs - now());

const rank = (state: string) => (AWAITED as readonly string[]).indexOf(state);

function timedOut(sendId: string, waitFor: string, timeoutMs: number, onTimeout: WaitStep['onTimeout']): StepEnd {
  if (onTimeout === 'continue') return { kind: 'done' };
  const detail = `Send ${sendId} was not ${waitFor} within ${timeoutMs} ms.`;
  return { kind: 'failed', code: 'GUARD_SEQUENCE_TIMEOUT', detail, mayRepeat: false };
}
