import type { Clock } from '../../core/clock';
import { describe } from '../../core/errors';
import type { Log } from '../../core/log';
import { sleep } from '../../core/sleep';
import type { Waker } from '../../core/waker';
import type { SequenceStore } from '../../stores/sequence-store';

export interface UpkeepOptions {
  store: Pick<SequenceStore, 'cancelling' | 'purge'>;
  owner: string;
  retentionDays: number;
  /** Woken when there is something that could be cancelled. */
  begun: Waker;
  isBusy: () => boolean;
  /** Ends the waits of a sequence. */
  cancel: (id: string) => void;
  clock: Clock;
  log: Log;
}

const LOOK_MS = 1_000;
const PURGE_MS = 60_000;
const BATCH_ROWS = 200;
const PAUSE_MS = 50;
const DAY_MS = 86_400_000;

/** Looks every second for sequences that another process was asked to cancel, and deletes old ones. @returns what stops it. */
export function startUpkeep(options: UpkeepOptions): () => Promise<void> {
  const stopping = new AbortController();
  const run = async () => {
    let purgeAt = 0;
    while (!stopping.signal.aborted) {
      try {
        if (options.isBusy()) await cancel(options);
        const now = options.clock.monotonic();
        if (now >= purgeAt) {
          purgeAt = now + PURGE_MS;
          await purge(options, stopping.signal);
        }
      } catch (error) {
        options.log.warn(
          { detail: describe(error) },
          'the table of sequences could not be looked through; tried again',
        );
      }
      if (options.isBusy()) await sleep(LOOK_MS, stopping.signal);
      else await options.begun.wait(PURGE_MS, stopping.signal);
    }
  };
  const running = run();
  return () => {
    stopping.abort();
    return running;
  };
}

async function cancel({ store, owner, cancel }: UpkeepOptions): Promise<void> {
  for (const id of await store.cancelling(owner)) cancel(id);
}

async function purge({ store, retentionDays, clock }: UpkeepOptions, signal: AbortSignal): Promise<void> {
  const before = clock.now() - retentionDays * DAY_MS;
  while (!signal.aborted && (await store.purge(before, BATCH_ROWS)) > 0) await sleep(PAUSE_MS, signal);
}
