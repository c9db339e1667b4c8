import { backoffMs, type Random } from '../core/backoff';
import type { Clock } from '../core/clock';
import { describe } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { Metrics } from '../metrics/metrics';
import { PARTITIONS, type OutboxStore } from '../stores/outbox-store';

export interface LeaseOptions {
  store: Pick<OutboxStore, 'enlist' | 'lease' | 'release' | 'resign'>;
  owner: string;
  /** Called whenever the set of held partitions has changed. */
  changed: () => void;
  /** Whether anything of a partition is still under way in this process. */
  isBusy: (partition: number) => boolean;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Pick<Metrics, 'relayPartitions'>;
}

const LEASE_MS = 7_000;
const RENEW_MS = 2_000;
/** Given up this long before the database lets another relay have it: clocks differ, answers take time. */
const MARGIN_MS = 1_000;

/**
 * Holds a fair share of the outbox's partitions. What is held may be read and published by this process alone. One that
 * there are too many of is given up in peace: first nothing more of it is begun, then, when nothing is under way, it is
 * given back.
 */
export class PartitionLeases {
  /** Partition -> epoch. */
  private epochs = new Map<number, number>();
  /** Held still, but nothing more is begun in them. */
  private readonly leaving = new Set<number>();
  private heldUntil = 0;
  /** What the relays were told last; undefined after a failure, in which anything may have changed. */
  private told: string | undefined;
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: LeaseOptions) {}

  /** The partitions that events may be taken from right now; none once the leases could have run out. */
  held(): number[] {
    return [...this.epochs.keys()].filter((partition) => this.epochOf(partition) !== undefined);
  }

  /** @returns the epoch that a partition is held in; undefined for one that is not held. */
  epochOf(partition: number): number | undefined {
    if (this.options.clock.monotonic() >= this.heldUntil || this.leaving.has(partition)) return undefined;
    return this.epochs.get(partition);
  }

  start(): void {
    this.running = this.renew();
  }

  /** Gives the partitions back. Called after the relays have stopped. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    this.heldUntil = 0;
    await this.options.store.resign(this.options.owner).catch((error: unknown) => {
      this.options.log.debug({ detail: describe(error) }, 'leases could not be given back; they expire by themselves');
    });
  }

  private async renew(): Promise<void> {
    const { clock, random, log, metrics } = this.options;
    for (let failures = 0; !this.stopping.signal.aborted;) {
      try {
        await this.renewOnce(clock.monotonic()); // before the request: the database counts from no earlier
        failures = 0;
        await sleep(RENEW_MS, this.stopping.signal);
      } catch (error) {
        if (failures === 0) log.warn({ detail: describe(error) }, 'leases could not be renewed');
        this.told = undefined;
        metrics.relayPartitions.set(this.held().length);
        await sleep(backoffMs(failures, random, 50, RENEW_MS), this.stopping.signal);
        failures += 1;
      }
    }
  }

  private async renewOnce(askedAt: number): Promise<void> {
    const { store, owner, metrics, changed } = this.options;
    const share = Math.ceil(PARTITIONS / (await store.enlist(owner, LEASE_MS)));
    await this.giveUp(share);
    const leases = await store.lease(owner, LEASE_MS, share);
    this.epochs = new Map(leases.map(({ partition, epoch }) => [partition, epoch]));
    this.heldUntil = askedAt + LEASE_MS - MARGIN_MS;
    metrics.relayPartitions.set(leases.length);
    const now = this.fingerprint();
    if (now === this.told) return;
    this.told = now;
    changed();
  }

  /** Lets what is over the share go: marked in one round, given back in a later one. */
  private async giveUp(share: number): Promise<void> {
    const { store, owner, isBusy } = this.options;
    const surplus = Math.max(0, this.epochs.size - share);
    const candidates = [...this.leaving, ...[...this.epochs.keys()].filter((other) => !this.leaving.has(other))];
    this.leaving.clear();
    for (const partition of candidates.slice(0, surplus)) this.leaving.add(partition);
    const idle = [...this.leaving].filter((partition) => !isBusy(partition));
    if (idle.length === 0) return;
    await store.release(owner, idle);
    for (const partition of idle) {
      this.leaving.delete(partition);
      this.epochs.delete(partition);
    }
  }

  private fingerprint(): string {
    const held = this.held().map((partition) => `${partition}:${this.epochs.get(partition)}`);
    return held.sort().join();
  }
}
