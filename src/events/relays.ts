import type { NewOutboxRow, OutboxStore, WrittenPlace } from '../stores/outbox-store';
import { describe } from '../core/errors';
import type { Log } from '../core/log';
import { hash32 } from './chat';
import type { PartitionLeases } from './leases';
import type { Relay } from './relay';

export interface RelaysOptions {
  relays: readonly Relay[];
  leases: Pick<PartitionLeases, 'epochOf'>;
  store: Pick<OutboxStore, 'announce'>;
  log: Log;
}

/** Hands what was written to whoever delivers it: a relay of this process, or another process. */
export class Relays {
  private announcing: Promise<void> | undefined;
  private readonly elsewhere = new Set<number>();

  constructor(private readonly options: RelaysOptions) {}

  /** @param places undefined where the rows must be read back. */
  written(rows: readonly NewOutboxRow[], places: readonly WrittenPlace[] | undefined): void {
    for (const relay of this.options.relays) {
      if (places) relay.take(rows, places);
      else relay.wake();
    }
    for (const { partition } of rows) {
      if (this.options.leases.epochOf(partition) === undefined) this.elsewhere.add(partition);
    }
    if (this.elsewhere.size > 0) this.announcing ??= this.announce();
  }

  /** Another process has written in these partitions. */
  heard(partitions: readonly number[]): void {
    const mine = partitions.some((partition) => this.options.leases.epochOf(partition) !== undefined);
    if (mine) for (const relay of this.options.relays) relay.wake();
  }

  get isCrowded(): boolean {
    return this.options.relays.some((relay) => relay.isCrowded);
  }

  /** What was for this receiver may be for another one now. */
  moved(receiver: string): void {
    for (const relay of this.options.relays) relay.moved(hash32(receiver));
  }

  leasesChanged(): void {
    for (const relay of this.options.relays) relay.leasesChanged();
  }

  isBusy(partition: number): boolean {
    return this.options.relays.some((relay) => relay.isBusy(partition));
  }

  async stop(withinMs: number): Promise<void> {
    await Promise.all(this.options.relays.map((relay) => relay.stop(withinMs)));
    await this.announcing;
  }

  /** One statement at a time, for all that has come meanwhile. */
  private async announce(): Promise<void> {
    try {
      while (this.elsewhere.size > 0) {
        const partitions = [...this.elsewhere];
        this.elsewhere.clear();
        await this.options.store.announce(partitions);
      }
    } catch (error) {
      this.options.log.debug({ detail: describe(error) }, 'other processes were not told; they look by themselves');
    } finally {
      this.announcing = undefined;
    }
  }
}
