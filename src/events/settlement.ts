import { backoffMs, type Random } from '../core/backoff';
import { describe } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { OutboxStore } from '../stores/outbox-store';

export interface SettlementOptions {
  store: Pick<OutboxStore, 'markDelivered' | 'park'>;
  settled: (seqs: readonly number[]) => void;
  random: Random;
  log: Log;
}

const LAST_TRIES = 3;

/** Writes outcomes back to the outbox: one statement under way at a time, with all that has come meanwhile. */
export class Settlement {
  private delivering: number[] = [];
  private readonly parking = new Map<number, string>();
  private running: Promise<void> | undefined;
  private readonly stopping = new AbortController();

  constructor(private readonly options: SettlementOptions) {}

  delivered(seq: number): void {
    this.delivering.push(seq);
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
    await new Promise(setImmediate);
    try {
      for (let failures = 0; this.delivering.length > 0 || this.parking.size > 0;) {
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
    const { store, log, settled } = this.options;
    const seqs = [...this.delivering];
    const parks = [...this.parking];
    try {
      if (seqs.length > 0) await store.markDelivered(seqs);
      for (const [seq, reason] of parks) await store.park(seq, reason);
    } catch (error) {
      log.warn({ detail: describe(error), events: seqs.length }, 'outcomes could not be written; tried again');
      return false;
    }
    this.delivering.splice(0, seqs.length);
    for (const [seq] of parks) this.parking.delete(seq);
    settled([...seqs, ...parks.map(([seq]) => seq)]);
    return true;
  }
}
