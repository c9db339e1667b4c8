import type { Clock } from '../core/clock';
import { ChatEnds } from './chat-ends';
import type { HeldRow } from './held-row';
import { ReadyLanes, type Lane } from './ready-lanes';
import { Receivers } from './receivers';
import { Stalls } from './stalls';

export interface LanesOptions {
  clock: Clock;
  perReceiver: number;
  /** Deliveries of one chat under way at a time. */
  perChat: () => number;
  /** Rows that were left in the outbox may be loaded now. */
  freed: () => void;
}

/**
 * The rows that a relay holds in memory, a lane for each chat. A row is known from coming in until it is settled in the
 * database, so that no look through the outbox loads it twice.
 */
export class Lanes {
  private readonly lanes = new Map<number, Lane>();
  private readonly begins: ReadyLanes;
  private readonly known = new Map<number, HeldRow>();
  /** While a look through the outbox is under way: what was settled since it began, as what it brings may be older. */
  private settledSince: Set<number> | undefined;
  private readonly ends = new ChatEnds();
  private whenIdle: (() => void)[] = [];
  readonly stalls: Stalls;
  readonly receivers: Receivers;
  bytes = 0;
  inFlight = 0;

  constructor(private readonly options: LanesOptions) {
    const { clock, perReceiver } = options;
    this.stalls = new Stalls(clock);
    this.receivers = new Receivers(clock, perReceiver);
    this.begins = new ReadyLanes(this.receivers, this.stalls);
  }

  /** Rows held and not yet settled. */
  get size(): number {
    return this.known.size;
  }

  get isEmpty(): boolean {
    return this.begins.isEmpty && this.inFlight === 0;
  }

  /** Rows that wait for their delivery, and not for their receiver. */
  get waiting(): number {
    return this.receivers.waiting;
  }

  /** Chats that a look through the outbox is to leave out. */
  closed(): number[] {
    return this.stalls.all().filter((chatKey) => this.isClosed(chatKey));
  }

  /** A look through the outbox begins. @returns everything held, which it is to leave out. */
  lookBegins(): number[] {
    this.settledSince = new Set();
    return [...this.known.keys()];
  }

  /** The look has ended. Adds what it has found, in the order of seq. */
  lookEnds(rows: readonly HeldRow[]): void {
    const settled = this.settledSince;
    this.settledSince = undefined;
    for (const row of rows) {
      if (this.known.has(row.seq) || settled?.has(row.seq) || this.isClosed(row.chatKey)) continue;
      if (this.receivers.mayHold(row.receiver)) this.hold(row);
      else this.receivers.leave(row);
    }
  }

  /**
   * Adds a row that was just written, if nothing of its chat can lie before it that is not held or delivered.
   *
   * @returns false where only a look through the outbox can tell. What has no room now is loaded when it has.
   */
  addFresh(row: HeldRow): boolean {
    if (this.isClosed(row.chatKey)) return true;
    if (!this.receivers.mayHold(row.receiver)) {
      this.receivers.leave(row);
      return true;
    }
    if (!this.ends.isNext(row)) return false;
    this.hold(row);
    return true;
  }

  /** Takes the next row to deliver; receivers take turns. @param onlyIdle for a receiver that has none under way. */
  next(isHeld: (row: HeldRow) => boolean, onlyIdle = false): HeldRow | undefined {
    const lane = this.begins.choose(isHeld, onlyIdle);
    const row = lane?.rows[0];
    if (!lane || !row) return undefined;
    this.begins.remove(lane);
    lane.rows.shift();
    lane.inFlight += 1;
    this.inFlight += 1;
    this.receivers.begin(row.receiver);
    this.ready(lane);
    return row;
  }

  /** The delivery has ended for good. The row stays known until `settled`. */
  delivered(row: HeldRow): void {
    const doubtful = this.stalls.end(row.chatKey);
    this.land(row);
    if (doubtful) this.options.freed();
  }

  /** The database knows the outcome of these rows. */
  settled(seqs: readonly number[]): void {
    for (const seq of seqs) {
      this.settledSince?.add(seq);
      this.forget(seq);
    }
  }

  /** The delivery has no outcome: the row, and all of its chat, will be loaded again. */
  letGo(row: HeldRow): void {
    this.dropWaiting(row.chatKey);
    this.lanes.get(row.chatKey)?.failed.push(row);
    this.land(row);
  }

  /** Lets go of everything that is not under way, or of what waits for one receiver. */
  letGoWaiting(receiver?: number): void {
    for (const { chatKey, rows } of [...this.lanes.values()]) {
      if (receiver === undefined || rows[0]?.receiver === receiver) this.dropWaiting(chatKey);
    }
    if (receiver === undefined) this.ends.clear();
  }

  /** Lets go of what lies in partitions that are no longer held, or have been in other hands since. */
  keepOnly(isHeld: (row: HeldRow) => boolean): void {
    for (const { chatKey, rows } of [...this.lanes.values()]) {
      const [row] = rows;
      if (row && !isHeld(row)) this.dropWaiting(chatKey);
    }
    this.ends.clear(); // others may have delivered what came next
  }

  /** Like letGo, and the chat is left out until its wait is over. @returns how often it has failed in a row. */
  stall(row: HeldRow, waitMs: (attempt: number) => number): number {
    const failures = this.stalls.add(row.chatKey, waitMs);
    this.letGo(row);
    return failures;
  }

  /** Resolves when no delivery is under way. */
  idle(): Promise<void> {
    if (this.inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenIdle.push(resolve));
  }

  /** Whether anything of a partition is under way or not settled. */
  isBusy(partition: number): boolean {
    for (const row of this.known.values()) if (row.partition === partition) return true;
    return false;
  }

  private hold(row: HeldRow): void {
    const lane = this.lanes.get(row.chatKey) ?? { chatKey: row.chatKey, rows: [], inFlight: 0, failed: [] };
    this.lanes.set(row.chatKey, lane);
    lane.rows.push(row);
    this.known.set(row.seq, row);
    this.ends.advance(row);
    this.receivers.hold(row);
    this.bytes += row.payloadBytes;
    this.ready(lane);
  }

  private dropWaiting(chatKey: number): void {
    const lane = this.lanes.get(chatKey);
    if (!lane) return;
    this.ends.forget(chatKey);
    this.begins.remove(lane);
    for (const row of lane.rows.splice(0)) {
      this.known.delete(row.seq);
      this.receivers.drop(row);
      this.bytes -= row.payloadBytes;
    }
    if (lane.inFlight === 0) this.lanes.delete(chatKey);
  }

  private forget(seq: number): void {
    const row = this.known.get(seq);
    if (!row) return;
    this.known.delete(seq);
    this.bytes -= row.payloadBytes;
    if (this.receivers.forget(row)) this.options.freed();
  }

  private land(row: HeldRow): void {
    const lane = this.lanes.get(row.chatKey);
    this.inFlight -= 1;
    this.receivers.end(row.receiver);
    if (lane) {
      lane.inFlight -= 1;
      if (lane.inFlight === 0 && lane.failed.length > 0) this.free(lane);
      else if (lane.inFlight === 0 && lane.rows.length === 0) this.lanes.delete(row.chatKey);
      else this.ready(lane);
    }
    if (this.inFlight === 0) for (const resolve of this.whenIdle.splice(0)) resolve();
  }

  private free(lane: Lane): void {
    for (const { seq } of lane.failed.splice(0)) this.forget(seq);
    this.lanes.delete(lane.chatKey);
    this.options.freed();
  }

  /** Nothing more of this chat may be held: of one that has failed, but one row until that is delivered. */
  private isClosed(chatKey: number): boolean {
    const lane = this.lanes.get(chatKey);
    if (lane && (lane.failed.length > 0 || this.stalls.isSuspect(chatKey))) return true;
    return this.stalls.has(chatKey);
  }

  private ready(lane: Lane): void {
    if (lane.rows.length === 0 || lane.failed.length > 0 || lane.inFlight >= this.options.perChat()) return;
    this.begins.add(lane);
  }
}
