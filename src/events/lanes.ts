import type { Clock } from '../core/clock';
import type { PendingRow } from '../stores/outbox-store';

/** What is loaded of one chat. */
interface Lane {
  chatKey: number;
  rows: PendingRow[];
  /** The one delivery under way. */
  inFlight: PendingRow | undefined;
}

interface Stall {
  until: number;
  failures: number;
}

/**
 * The rows that a relay holds in memory, a lane for each chat. A row is known from loading until it is settled in the
 * database, so that no look through the outbox loads it twice.
 */
export class Lanes {
  private readonly lanes = new Map<number, Lane>();
  /** Lanes that have a row and no delivery under way, oldest first. */
  private readonly readyLanes = new Set<Lane>();
  private readonly known = new Map<number, PendingRow>();
  private readonly stalls = new Map<number, Stall>();
  private whenIdle: (() => void)[] = [];
  bytes = 0;
  inFlight = 0;

  constructor(private readonly clock: Clock) {}

  /** Rows loaded and not yet settled. */
  get size(): number {
    return this.known.size;
  }

  get isEmpty(): boolean {
    return this.readyLanes.size === 0 && this.inFlight === 0;
  }

  /** Everything held: a fetch must leave these out, or what is settled while it runs would come once more. */
  knownSeqs(): number[] {
    return [...this.known.keys()];
  }

  /** Adds rows in the order of their seq; those known already, or of a chat that stalls, are passed over. */
  add(rows: readonly PendingRow[]): void {
    for (const row of rows) {
      if (this.known.has(row.seq) || this.isStalled(row.chatKey)) continue;
      const lane = this.lanes.get(row.chatKey) ?? { chatKey: row.chatKey, rows: [], inFlight: undefined };
      this.lanes.set(row.chatKey, lane);
      lane.rows.push(row);
      this.known.set(row.seq, row);
      this.bytes += row.payloadBytes;
      if (!lane.inFlight) this.readyLanes.add(lane);
    }
  }

  /** Takes the next row to deliver out of a partition that is held. */
  next(held: ReadonlySet<number>): PendingRow | undefined {
    for (const lane of this.readyLanes) {
      const row = lane.rows[0];
      if (!row || !held.has(row.partition)) continue;
      this.readyLanes.delete(lane);
      lane.rows.shift();
      lane.inFlight = row;
      this.inFlight += 1;
      return row;
    }
    return undefined;
  }

  /** The delivery has ended for good. The row stays known until `settled`. */
  delivered(row: PendingRow): void {
    this.stalls.delete(row.chatKey);
    this.land(row);
  }

  /** The database knows the outcome of these rows. */
  settled(seqs: readonly number[]): void {
    for (const seq of seqs) this.forget(seq);
  }

  /** The delivery has no outcome: the row, and all of its chat, will be loaded again. */
  letGo(row: PendingRow): void {
    this.dropWaiting(row.chatKey);
    this.forget(row.seq);
    this.land(row);
  }

  /** Lets go of everything that is not under way. */
  letGoWaiting(): void {
    for (const chatKey of [...this.lanes.keys()]) this.dropWaiting(chatKey);
  }

  /** Lets go of what lies in partitions that are no longer held. */
  keepOnly(partitions: readonly number[]): void {
    const held = new Set(partitions);
    for (const lane of [...this.lanes.values()]) {
      const row = lane.rows[0];
      if (row && !held.has(row.partition)) this.dropWaiting(lane.chatKey);
    }
  }

  /** Like letGo, and the chat is left out until its wait is over. @returns how often it has failed in a row. */
  stall(row: PendingRow, waitMs: (attempt: number) => number): number {
    const failures = (this.stalls.get(row.chatKey)?.failures ?? 0) + 1;
    this.stalls.set(row.chatKey, { failures, until: this.clock.monotonic() + waitMs(failures - 1) });
    this.letGo(row);
    return failures;
  }

  stalledKeys(): number[] {
    return [...this.stalls.keys()].filter((chatKey) => this.isStalled(chatKey));
  }

  /** Milliseconds until the first chat's wait ends; Infinity where none waits. */
  untilWake(): number {
    const waits = [...this.stalls.values()].filter(({ until }) => until > 0).map(({ until }) => until);
    return Math.max(0, Math.min(...waits) - this.clock.monotonic());
  }

  /** @returns whether a chat's wait has ended since the last call: its rows must be loaded again. */
  wakeStalled(): boolean {
    let any = false;
    for (const stall of this.stalls.values()) {
      if (stall.until > this.clock.monotonic() || stall.until === 0) continue;
      stall.until = 0; // kept for its count until the chat delivers
      any = true;
    }
    return any;
  }

  /** Resolves when no delivery is under way. */
  idle(): Promise<void> {
    if (this.inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenIdle.push(resolve));
  }

  private isStalled(chatKey: number): boolean {
    return (this.stalls.get(chatKey)?.until ?? 0) > 0;
  }

  private dropWaiting(chatKey: number): void {
    const lane = this.lanes.get(chatKey);
    if (!lane) return;
    for (const row of lane.rows.splice(0)) this.forget(row.seq);
    this.readyLanes.delete(lane);
    if (!lane.inFlight) this.lanes.delete(chatKey);
  }

  private forget(seq: number): void {
    const row = this.known.get(seq);
    if (!row) return;
    this.known.delete(seq);
    this.bytes -= row.payloadBytes;
  }

  private land(row: PendingRow): void {
    const lane = this.lanes.get(row.chatKey);
    this.inFlight -= 1;
    if (lane) {
      lane.inFlight = undefined;
      if (lane.rows.length > 0) this.readyLanes.add(lane);
      else this.lanes.delete(row.chatKey);
    }
    if (this.inFlight === 0) for (const resolve of this.whenIdle.splice(0)) resolve();
  }
}
