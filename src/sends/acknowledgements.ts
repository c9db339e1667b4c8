import { backoffMs, type Random } from '../core/backoff';
import { Batcher } from '../core/batcher';
import type { Clock } from '../core/clock';
import { describe } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { Metrics } from '../metrics/metrics';
import type { Acknowledgement, SendState, SendStore } from '../stores/send-store';

export interface AcknowledgementsOptions {
  store: Pick<SendStore, 'acknowledge'>;
  /** Told of each send that was changed. */
  changed: (sendId: string, state: SendState) => void;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Pick<Metrics, 'sendsAcknowledged'>;
}

const BATCH = 200;
/** They must not take all memory while the database is away. */
const MOST_WAITING = 20_000;
/** So long a batch is tried again. Then it may be the batch. */
const PATIENCE_MS = 600_000;

/** Writes into the journal what WhatsApp says of messages. */
export class Acknowledgements {
  private readonly batcher: Batcher<Acknowledgement, undefined>;
  private readonly stopping = new AbortController();
  private waiting = 0;

  constructor(private readonly options: AcknowledgementsOptions) {
    this.batcher = new Batcher((all) => this.write(all), { items: BATCH, concurrent: 1 });
  }

  take(all: readonly Acknowledgement[]): void {
    for (const each of all) {
      if (this.waiting >= MOST_WAITING) return;
      this.waiting += 1;
      void this.batcher.add(each).finally(() => (this.waiting -= 1));
    }
  }

  /** Those that could not be written by now are lost. */
  stop(): void {
    this.stopping.abort();
  }

  /** Never rejects. */
  private async write(all: readonly Acknowledgement[]): Promise<undefined[]> {
    const { store, changed, clock, random, log, metrics } = this.options;
    const until = clock.monotonic() + PATIENCE_MS;
    for (let attempt = 0; ; attempt += 1) {
      try {
        for (const { sendId, state } of await store.acknowledge(all)) {
          metrics.sendsAcknowledged.inc({ state });
          changed(sendId, state);
        }
        break;
      } catch (error) {
        const detail = { acknowledgements: all.length, detail: describe(error) };
        if (attempt === 0) log.warn(detail, 'acknowledgements are not in the journal yet');
        await sleep(backoffMs(attempt, random, 50, 5_000), this.stopping.signal);
        if (!this.stopping.signal.aborted && clock.monotonic() < until) continue;
        log.error(detail, 'acknowledgements could not be written to the journal');
        break;
      }
    }
    return all.map(() => undefined);
  }
}
