import type { Clock } from '../core/clock';
import { describe } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { OutboxStore } from '../stores/outbox-store';

export interface RetentionOptions {
  store: Pick<OutboxStore, 'purgeDelivered' | 'purgeDead'>;
  /** How long events are kept once they are delivered, or dead letters. */
  days: { delivered: number; dead: number };
  clock: Clock;
  log: Log;
}

const EVERY_MS = 60_000;
const BATCH_ROWS = 1_000;
const PAUSE_MS = 50;
const DAY_MS = 86_400_000;

/** Deletes events after their time, in small batches with pauses. @returns what stops it. */
export function startRetention({ store, days, clock, log }: RetentionOptions): () => Promise<void> {
  const stopping = new AbortController();
  const purge = async (some: (before: number, limit: number) => Promise<number>, before: number) => {
    while (!stopping.signal.aborted && (await some(before, BATCH_ROWS)) > 0) await sleep(PAUSE_MS, stopping.signal);
  };
  const run = async () => {
    while (!stopping.signal.aborted) {
      await sleep(EVERY_MS, stopping.signal);
      try {
        await purge(store.purgeDelivered, clock.now() - days.delivered * DAY_MS);
        await purge(store.purgeDead, clock.now() - days.dead * DAY_MS);
      } catch (error) {
        log.warn({ detail: describe(error) }, 'old events could not be purged; tried again in a minute');
      }
    }
  };
  const running = run();
  return () => {
    stopping.abort();
    return running;
  };
}
