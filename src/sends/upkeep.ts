import type { Clock } from '../core/clock';
import { describe, GuardError } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { Metrics } from '../metrics/metrics';
import type { SendStore } from '../stores/send-store';

export interface UpkeepOptions {
  store: Pick<SendStore, 'pending' | 'summary' | 'purge'>;
  ackDeadlineSeconds: number;
  retentionDays: number;
  clock: Clock;
  log: Log;
  metrics: Pick<Metrics, 'sendsUnknown' | 'sendsUnacknowledged'>;
}

const EVERY_MS = 60_000;
const BATCH_ROWS = 1_000;
const PAUSE_MS = 50;
const DAY_MS = 86_400_000;
/** Named in the log; the others are counted. */
const SHOWN = 5;

/** Every minute: alarms about messages that WhatsApp is silent about, and deletes old sends. @returns what stops it. */
export function startUpkeep(options: UpkeepOptions): () => Promise<void> {
  const stopping = new AbortController();
  const run = async () => {
    let known = 0;
    while (!stopping.signal.aborted) {
      try {
        known = await look(options, known);
        await purge(options, stopping.signal);
      } catch (error) {
        options.log.warn({ detail: describe(error) }, 'the journal of sends could not be looked through; tried again');
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

/** @param known how many were unacknowledged at the last look. @returns how many are now. */
async function look(options: UpkeepOptions, known: number): Promise<number> {
  const { store, ackDeadlineSeconds, clock, log, metrics } = options;
  metrics.sendsUnknown.set((await store.summary()).unknown);
  const { count, oldest } = await store.pending(clock.now() - ackDeadlineSeconds * 1000, SHOWN);
  metrics.sendsUnacknowledged.set(count);
  if (count > known) {
    const detail = `${count} after ${ackDeadlineSeconds} s, the oldest: ${oldest.map(({ sendId }) => sendId).join(', ')}.`;
    const { code, message } = new GuardError('GUARD_SENDS_UNACKNOWLEDGED', detail);
    log.error({ code }, message);
  }
  return count;
}

async function purge({ store, retentionDays, clock }: UpkeepOptions, signal: AbortSignal): Promise<void> {
  const before = clock.now() - retentionDays * DAY_MS;
  while (!signal.aborted && (await store.purge(before, BATCH_ROWS)) > 0) await sleep(PAUSE_MS, signal);
}
