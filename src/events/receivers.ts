import type { Clock } from '../core/clock';
import { Stalls } from './stalls';

/** Failures in a row, whatever chat they were of, after which a receiver is left alone as a whole. */
const FAILURES_TO_STALL = 5;
/** Rows held of one receiver, as a multiple of what may be under way for it. */
const HELD_PER_DELIVERY = 10;

interface Load {
  inFlight: number;
  held: number;
  /** Failures since it worked last. */
  failures: number;
}

/**
 * What a relay knows of those behind its sink. Each has a share of the window and of the memory, so that a slow one holds
 * back only itself; one that fails is left alone for a while, and then asked with one delivery at a time.
 */
export class Receivers {
  private readonly loads = new Map<number, Load>();
  private readonly stalls: Stalls;

  constructor(
    clock: Clock,
    private readonly perReceiver: number,
  ) {
    this.stalls = new Stalls(clock);
  }

  mayDeliver(key: number): boolean {
    if (this.stalls.has(key)) return false;
    const { inFlight } = this.load(key);
    return inFlight < (this.stalls.isSuspect(key) ? 1 : this.perReceiver);
  }

  /** Whether more rows of it may be held. */
  mayHold(key: number): boolean {
    return !this.stalls.has(key) && this.load(key).held < HELD_PER_DELIVERY * this.perReceiver;
  }

  /** Those that nothing more is to be loaded for. */
  full(): number[] {
    const crowded = [...this.loads.keys()].filter((key) => !this.mayHold(key));
    return [...new Set([...crowded, ...this.stalls.waiting()])];
  }

  held(key: number, change: 1 | -1): void {
    this.change(key, 'held', change);
  }

  inFlight(key: number, change: 1 | -1): void {
    this.change(key, 'inFlight', change);
  }

  worked(key: number): void {
    const load = this.loads.get(key);
    if (load) load.failures = 0;
    this.stalls.end(key);
  }

  /**
   * @param retryAfterMs what the receiver itself asks for: then it is left alone at once.
   * @returns whether it is left alone from now on.
   */
  failed(key: number, waitMs: (attempt: number) => number, retryAfterMs?: number): boolean {
    const load = this.load(key);
    load.failures += 1;
    this.loads.set(key, load);
    const suspect = this.stalls.isSuspect(key) || load.failures >= FAILURES_TO_STALL;
    if (!suspect && retryAfterMs === undefined) return false;
    if (this.stalls.has(key)) return true; // what was under way when it was stalled
    this.stalls.add(key, (attempt) => Math.max(retryAfterMs ?? 0, waitMs(attempt)));
    return true;
  }

  untilWake(): number {
    return this.stalls.untilWake();
  }

  wake(): boolean {
    return this.stalls.wake();
  }

  private load(key: number): Load {
    return this.loads.get(key) ?? { inFlight: 0, held: 0, failures: 0 };
  }

  private change(key: number, field: 'held' | 'inFlight', change: 1 | -1): void {
    const load = this.load(key);
    load[field] += change;
    if (load.held === 0 && load.inFlight === 0 && load.failures === 0) this.loads.delete(key);
    else this.loads.set(key, load);
  }
}
