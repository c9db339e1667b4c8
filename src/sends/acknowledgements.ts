import { Batcher } from '../core/batcher';
import { describe } from '../core/errors';
import type { Log } from '../core/log';
import type { Metrics } from '../metrics/metrics';
import type { Acknowledgement, SendState, SendStore } from '../stores/send-store';

export interface AcknowledgementsOptions {
  store: Pick<SendStore, 'acknowledge'>;
  /** Told of each send that was changed. */
  changed: (sendId: string, state: SendState) => void;
  log: Log;
  metrics: Pick<Metrics, 'sendsAcknowledged'>;
}

const BATCH = 200;
/** WhatsApp gives them again where they matter; the journal must not take all memory while its database is away. */
const MOST_WAITING = 20_000;

/** Writes into the journal what WhatsApp says of messages. */
export class Acknowledgements {
  private readonly batcher: Batcher<Acknowledgement, undefined>;
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

  /** Never rejects. */
  private async write(all: readonly Acknowledgement[]): Promise<undefined[]> {
    const { store, changed, log, metrics } = this.options;
    try {
      for (const { sendId, state } of await store.acknowledge(all)) {
        metrics.sendsAcknowledged.inc({ state });
        changed(sendId, state);
      }
    } catch (error) {
      const detail = { acknowledgements: all.length, detail: describe(error) };
      log.warn(detail, 'acknowledgements could not be written to the journal');
    }
    return all.map(() => undefined);
  }
}
