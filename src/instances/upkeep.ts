import type { Clock } from '../core/clock';
import { describe, GuardError } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { InstanceStore } from '../stores/instance-store';
import type { Instances } from './instances';

export interface UpkeepOptions {
  store: Pick<InstanceStore, 'due' | 'purgeArchives' | 'purgeHistory'>;
  instances: Pick<Instances, 'purge'>;
  /** Whether something is being done with an instance here: it is not waited for. */
  isBusy: (instanceId: string) => boolean;
  retentionDays: number;
  clock: Clock;
  log: Log;
}

const EVERY_MS = 60_000;
const DAY_MS = 86_400_000;
/** Tombstones that are purged at a time, and rows that are deleted by one statement. */
const [MOST_DUE, BATCH_ROWS] = [10, 500];
/** History is small, and asked for when something went wrong long ago. */
const HISTORY_DAYS = 365;

/** Every minute: begins to delete what was kept for long enough. @returns what stops it. */
export function startUpkeep(options: UpkeepOptions): () => Promise<void> {
  const stopping = new AbortController();
  const run = async () => {
    while (!stopping.signal.aborted) {
      try {
        await look(options, stopping.signal);
      } catch (error) {
        options.log.warn({ detail: describe(error) }, 'deleted instances could not be looked through; tried again');
      }
      await sleep(EVERY_MS, stopping.signal);
    }
  };
  const running = run();
  return () => {
    stopping.abort();
    return running;
  };
}

async function look(
  { store, instances, isBusy, retentionDays, clock, log }: UpkeepOptions,
  signal: AbortSignal,
): Promise<void> {
  for (const { instanceId } of await store.due(MOST_DUE)) {
    if (isBusy(instanceId)) continue;
    await instances.purge(instanceId, `it was kept for ${retentionDays} days`).catch((error: unknown) => {
      if (error instanceof GuardError && error.code === 'GUARD_INSTANCE_BUSY') return; // another process is at it
      log.warn({ instanceId, detail: describe(error) }, 'a deleted instance stays for now');
    });
  }
  const [archivesBefore, historyBefore] = [retentionDays, HISTORY_DAYS].map((days) => clock.now() - days * DAY_MS);
  while (!signal.aborted && (await store.purgeArchives(archivesBefore ?? 0, BATCH_ROWS)) > 0);
  while (!signal.aborted && (await store.purgeHistory(historyBefore ?? 0, BATCH_ROWS)) > 0);
}
