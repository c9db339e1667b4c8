import { backoffMs, type Random } from '../core/backoff';
import { describe } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { Delivery, OutboxStore } from '../stores/outbox-store';

export interface SettlementOptions {
  store: Pick<OutboxStore, 'markDelivered' | 'countAttempt' | 'park'>;
  owner: string;
  settled: (seqs: readonly number[]) => void;
  random: Random;
  log: Log;
}

const LAST_TRIES = 3;
/** How long outcomes are gathered for one statement. Consumers have the event already: only its mark waits. */
const GATHER_MS = 5;
/** Kept small, so that the memory of a statement is. */
const MOST_AT_ONCE = 1_000;

/** Writes outcomes back to the outbox: one statement under way at a time, with all that has come meanwhile. */
export class Settlement {
  private delivering: Delivery[] = [];
  private readonly refusing = new Map<number, string>();
  private readonly parking = new Map<number, string>();
  private running: Promise<void> | undefined;
  private readonly stopping = new AbortController();

  constructor(private readonly options: SettlementOptions) {}

  delivered(delivery: Delivery): void {
    this.delivering.push(delivery);
    this.running ??= this.drain();
  }

  /** An attempt was refused and will be repeated: only its count is written, the row is not settled. */
  refused(seq: number, reason: string): void {
    this.refusing.set(seq, reason);
    this.running ??= this.drain();
  }

  parked(seq: number, reason: string): void {
    this.parking.set(seq, reason);
    this.running ??= this.drain();
  }

  /** Writes what is left, giving up after a few tries: an outcome that is not written means a duplicate, not a loss. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async drain(): Promise<void> {
    try {
      for (let failures = 0; this.delivering.length + this.refusing.size + this.parking.size > 0;) {
        await sleep(GATHER_MS, this.stopping.signal);
        failures = (await this.write()) ? 0 : failures + 1;
        if (this.stopping.signal.aborted && failures >= LAST_TRIES) return;
        if (failures > 0) await sleep(backoffMs(failures, this.options.random, 50, 2_000), this.stopping.signal);
      }
    } finally {
      // No await between the last look and this: an outcome that came in between would wait for the next one.
      this.running = undefined;
    }
  }

  /** @returns whether the database took it. */
  private async write(): Promise<boolean> {
    const { store, owner, log } = this.options;
    const deliveries = this.delivering.slice(0, MOST_AT_ONCE);
    try {
      if (deliveries.length > 0) await store.markDelivered(owner, deliveries);
      this.delivering.splice(0, deliveries.length);
      this.options.settled(deliveries.map(({ seq }) => seq));
      await this.each(this.refusing, (seq, reason) => store.countAttempt(seq, reason));
      await this.each(this.parking, async (seq, reason) => {
        await store.park(seq, reason);
        this.options.settled([seq]);
      });
      return true;
    } catch (error) {
      log.warn({ detail: describe(error), events: deliveries.length }, 'outcomes could not be written; tried again');
      return false;
    }
  }

  private async each(outcomes: Map<number, string>, write: (seq: number, reason: string) => Promise<void>) {
    for (const [seq, reason] of [...outcomes]) {
      await write(seq, reason);
      if (outcomes.get(seq) === reason) outcomes.delete(seq);
    }
  }
}
