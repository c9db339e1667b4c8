import { backoffMs, type Random } from '../core/backoff';
import type { Clock } from '../core/clock';
import { describe } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { Metrics } from '../metrics/metrics';
import type { OutboxStore } from '../stores/outbox-store';

export interface LeaseOptions {
  store: Pick<OutboxStore, 'lease' | 'release'>;
  owner: string;
  /** Called whenever the set of held partitions has changed. */
  changed: () => void;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Pick<Metrics, 'relayPartitions'>;
}

const LEASE_MS = 8_000;
const RENEW_MS = 2_000;
/** Given up this long before the database lets another relay have it: clocks differ, answers take time. */
const MARGIN_MS = 1_000;

/** Holds partitions of the outbox. What is held may be read and published by this process alone. */
export class PartitionLeases {
  private partitions: readonly number[] = [];
  private heldUntil = 0;
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: LeaseOptions) {}

  /** The partitions held right now; none once the lease could have run out. */
  held(): readonly number[] {
    return this.options.clock.monotonic() < this.heldUntil ? this.partitions : [];
  }

  start(): void {
    this.running = this.renew();
  }

  /** Gives the partitions back. Called after the relay has stopped. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    this.heldUntil = 0;
    await this.options.store.release(this.options.owner).catch((error: unknown) => {
      this.options.log.debug({ detail: describe(error) }, 'leases could not be given back; they expire by themselves');
    });
  }

  private async renew(): Promise<void> {
    const { store, owner, clock, random, log, metrics, changed } = this.options;
    for (let failures = 0; !this.stopping.signal.aborted;) {
      const asked = clock.monotonic(); // before the request: the database counts from no earlier
      try {
        const partitions = (await store.lease(owner, LEASE_MS)).sort((a, b) => a - b);
        const before = this.held().join();
        this.partitions = partitions;
        this.heldUntil = asked + LEASE_MS - MARGIN_MS;
        metrics.relayPartitions.set(partitions.length);
        if (before !== partitions.join()) changed();
        failures = 0;
        await sleep(RENEW_MS, this.stopping.signal);
      } catch (error) {
        if (failures === 0) log.warn({ detail: describe(error) }, 'leases could not be renewed');
        metrics.relayPartitions.set(this.held().length);
        await sleep(backoffMs(failures, random, 50, RENEW_MS), this.stopping.signal);
        failures += 1;
      }
    }
  }
}
