import type { Clock } from '../core/clock';

export interface RecentCode {
  code: number;
  /** On the monotonic clock, in milliseconds. */
  at: number;
}

/** Kept of each instance. */
const KEPT = 10;

/** Remembers with which codes instances were disconnected last: one logout after a lost connection may be none. */
export class RecentCodes {
  private readonly codes = new Map<string, RecentCode[]>();

  constructor(private readonly clock: Clock) {}

  add(instance: string, code: number): void {
    const known = [...this.of(instance), { code, at: this.clock.monotonic() }];
    this.codes.set(instance, known.slice(-KEPT));
  }

  /** The oldest first. */
  of(instance: string): readonly RecentCode[] {
    return this.codes.get(instance) ?? [];
  }

  forget(instance: string): void {
    this.codes.delete(instance);
  }
}
