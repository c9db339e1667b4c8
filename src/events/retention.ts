import type { Clock } from '../core/clock';
import { describe } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { OutboxStore } from '../stores/outbox-store';

export interface RetentionOptions {
  store: Pick<OutboxStore, 'purgeDelivered'>;
  days: number;
  clock: Clock;
  log: Log;
}

const EVERY_MS = 60_000;
const BATCH_ROWS = 1_000;
const PAUSE_MS = 50;
const DAY_MS = 86_400_000;

/** Deletes delivered events after their time, in small batches with pauses. @returns what stops it. */
export function startRetention({ store, days, clock, log }: RetentionOptions): () => Promise<void> {
  const stopping = new AbortController();
  const run = async () => {
    while (!stopping.signal.aborted) {
      await sleep(EVERY_MS, stopping.signal);
      try {
        while (!stopping.signal.aborted && (await store.purgeDelivered(clock.now() - days * DAY_MS, BATCH_ROWS)) > 0) {
          await sleep(PAUSE_MS, stopping.signal);
        }
      } catch (error) {
        log.warn({ detail: describe(error) }, 'delivered events could not be purged; tried again in a minute');
      }
    }
  };
  const running = run();
  return () => {
    stopping.abort();
    return running;
  };
}
