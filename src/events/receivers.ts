import type { Clock } from '../core/clock';
import type { HeldRow } from './held-row';
import { Stalls } from './stalls';

/** Chats that have failed with none in between that worked, after which a receiver is left alone as a whole. */
const FAILURES_TO_STALL = 5;
/** Rows held of one receiver, as a multiple of what may be under way for it. */
const HELD_PER_DELIVERY = 20;
const BYTES_PER_RECEIVER = 4 * 1024 * 1024;
/** Keys of which it is known who receives them. What is forgotten is learnt again from the next row. */
const MOST_REMEMBERED = 20_000;

interface Load {
  inFlight: number;
  /** Rows in memory, and those of them that are not under way or delivered. */
  held: number;
  waiting: number;
  bytes: number;
  /** Since it worked last. */
  failures: number;
  /** Rows were left in the outbox for want of room. */
  left: boolean;
}

type Place = Pick<HeldRow, 'receiver' | 'receiverKey' | 'payloadBytes'>;

/**
 * What a relay knows of those behind its sink. Each has a share of the window and of the memory, so that a slow one holds
 * back only itself; one that fails is left alone for a while, and then asked with one delivery at a time.
 */
export class Receivers {
  private readonly loads = new Map<number, Load>();
  /** Who receives what has this key in the outbox: rows are left out of a look by their key. */
  private readonly present = new Map<number, number>();
  private readonly stalls: Stalls;
  /** What may be held of one. */
  readonly share: { rows: number; bytes: number };

  constructor(
    clock: Clock,
    private readonly perReceiver: number,
  ) {
    this.stalls = new Stalls(clock);
    const bytes = Number.isFinite(perReceiver) ? BYTES_PER_RECEIVER : Infinity;
    this.share = { rows: HELD_PER_DELIVERY * perReceiver, bytes };
  }

  /** Those that failed last, whether they are left alone at the moment or not. */
  get failing(): number {
    return this.stalls.all().length;
  }

  /** It has failed and not worked since. */
  isSuspect(receiver: number): boolean {
    return this.stalls.isSuspect(receiver);
  }

  /** A delivery to it is under way. */
  isBusy(receiver: number): boolean {
    return (this.loads.get(receiver)?.inFlight ?? 0) > 0;
  }

  mayDeliver(receiver: number): boolean {
    if (this.stalls.has(receiver)) return false;
    const inFlight = this.loads.get(receiver)?.inFlight ?? 0;
    return inFlight < (this.stalls.isSuspect(receiver) ? 1 : this.perReceiver);
  }

  /** Whether more rows of it may be held. */
  mayHold(receiver: number): boolean {
    if (this.stalls.has(receiver)) return false;
    const load = this.loads.get(receiver);
    return !load || (load.held < this.share.rows && load.bytes < this.share.bytes);
  }

  /** Keys that nothing more is to be loaded for. */
  full(): number[] {
    return [...this.present].filter(([, receiver]) => !this.mayHold(receiver)).map(([key]) => key);
  }

  /** Rows that wait, and whose receiver takes more. */
  get waiting(): number {
    let rows = 0;
    for (const [receiver, { waiting }] of this.loads) if (waiting > 0 && this.mayDeliver(receiver)) rows += waiting;
    return rows;
  }

  /** Who receives what has this key is to be learnt anew. */
  moved(receiverKey: number): void {
    this.present.delete(receiverKey);
  }

  hold({ receiver, receiverKey, payloadBytes }: Place): void {
    this.isAt(receiverKey, receiver);
    const load = this.load(receiver);
    load.held += 1;
    load.waiting += 1;
    load.bytes += payloadBytes;
  }

  /** A row was left in the outbox, as its receiver may not hold more. */
  leave({ receiver, receiverKey }: Place): void {
    this.isAt(receiverKey, receiver);
    if (!this.stalls.has(receiver)) this.load(receiver).left = true;
  }

  begin(receiver: number): void {
    const load = this.load(receiver);
    load.inFlight += 1;
    load.waiting -= 1;
  }

  end(receiver: number): void {
    const load = this.load(receiver);
    load.inFlight -= 1;
    this.prune(receiver, load);
  }

  /** A row that waited is not held any more. */
  drop(row: Place): void {
    this.load(row.receiver).waiting -= 1;
    this.forget(row);
  }

  /** A row that was under way is not held any more. @returns whether rows that were left now have room. */
  forget({ receiver, payloadBytes }: Place): boolean {
    const load = this.load(receiver);
    load.held -= 1;
    load.bytes -= payloadBytes;
    const room = load.left && load.held <= this.share.rows / 2 && load.bytes <= this.share.bytes / 2;
    if (room) load.left = false;
    this.prune(receiver, load);
    return room;
  }

  /** @returns whether it was one that failed. */
  worked(receiver: number): boolean {
    const load = this.loads.get(receiver);
    if (load) load.failures = 0;
    return this.stalls.end(receiver);
  }

  /**
   * A delivery has failed because of its receiver.
   *
   * @param again its chat had failed before: that may be the event's own fault, and counts for nothing.
   * @param retryAfterMs what the receiver itself asks for: then it is left alone at once.
   * @returns how often it was left alone in a row; 0: it is not.
   */
  failed(receiver: number, again: boolean, waitMs: (attempt: number) => number, retryAfterMs?: number): number {
    const load = this.load(receiver);
    if (!again) load.failures += 1;
    const suspect = this.stalls.isSuspect(receiver) || load.failures >= FAILURES_TO_STALL;
    if (!suspect && retryAfterMs === undefined) return 0;
    if (this.stalls.has(receiver)) return this.stalls.failures(receiver); // what was under way when it was stalled
    return this.stalls.add(receiver, (attempt) => Math.max(retryAfterMs ?? 0, waitMs(attempt)));
  }

  untilWake(): number {
    return this.stalls.untilWake();
  }

  wake(): boolean {
    return this.stalls.wake();
  }

  private isAt(key: number, receiver: number): void {
    if (this.present.get(key) === receiver) return;
    this.present.delete(key);
    this.present.set(key, receiver);
    const [oldest] = this.present.keys();
    if (this.present.size > MOST_REMEMBERED && oldest !== undefined) this.present.delete(oldest);
  }

  private load(receiver: number): Load {
    const known = this.loads.get(receiver);
    if (known) return known;
    const load = { inFlight: 0, held: 0, waiting: 0, bytes: 0, failures: 0, left: false };
    this.loads.set(receiver, load);
    return load;
  }

  private prune(receiver: number, { inFlight, held, failures }: Load): void {
    if (held === 0 && inFlight === 0 && failures === 0) this.loads.delete(receiver);
  }
}
