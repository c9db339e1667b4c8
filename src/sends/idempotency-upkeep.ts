import { describe } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { IdempotencyStore } from '../stores/idempotency-store';

export interface IdempotencyUpkeepOptions {
  store: Pick<IdempotencyStore, 'purge'>;
  windowMs: number;
  log: Log;
}

const EVERY_MS = 60_000;
/** Rows may hold a megabyte each. */
const BATCH_ROWS = 500;
const PAUSE_MS = 50;

/** Deletes every minute what is older than the window. @returns what stops it. */
export function startIdempotencyUpkeep({ store, windowMs, log }: IdempotencyUpkeepOptions): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const run = async () => {
    while (!signal.aborted) {
      try {
        while (!signal.aborted && (await store.purge(windowMs, BATCH_ROWS)) > 0) await sleep(PAUSE_MS, signal);
      } catch (error) {
        log.warn({ detail: describe(error) }, 'old idempotency keys could not be deleted; tried again');
      }
      await sleep(EVERY_MS, signal);
    }
  };
  const running = run();
  return () => {
    stopping.abort();
    return running;
  };
}
