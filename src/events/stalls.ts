import type { Clock } from '../core/clock';

interface Stall {
  /** On the monotonic clock; 0 when the wait is over and its end is known. */
  until: number;
  failures: number;
}

/** Chats, or receivers, that wait after a failure. One is kept for its count until it works again. */
export class Stalls {
  private readonly stalls = new Map<number, Stall>();

  constructor(private readonly clock: Clock) {}

  /** @returns how often it has failed in a row. */
  add(key: number, waitMs: (attempt: number) => number): number {
    const failures = (this.stalls.get(key)?.failures ?? 0) + 1;
    this.stalls.set(key, { failures, until: this.clock.monotonic() + waitMs(failures - 1) });
    return failures;
  }

  /** It works again. @returns whether it had failed. */
  end(key: number): boolean {
    return this.stalls.delete(key);
  }

  /** How often it has failed in a row. */
  failures(key: number): number {
    return this.stalls.get(key)?.failures ?? 0;
  }

  has(key: number): boolean {
    return (this.stalls.get(key)?.until ?? 0) > 0;
  }

  /** Whether it has failed and not worked since, waiting or not. */
  isSuspect(key: number): boolean {
    return this.stalls.has(key);
  }

  waiting(): number[] {
    return this.all().filter((key) => this.has(key));
  }

  all(): number[] {
    return [...this.stalls.keys()];
  }

  /** Milliseconds until the first wait ends; Infinity where nothing waits. */
  untilWake(): number {
    let first = Infinity;
    for (const { until } of this.stalls.values()) if (until > 0 && until < first) first = until;
    return Math.max(0, first - this.clock.monotonic());
  }

  /** @returns whether a wait has ended since the last call: what was let go of must be loaded again. */
  wake(): boolean {
    let any = false;
    for (const stall of this.stalls.values()) {
      if (stall.until > this.clock.monotonic() || stall.until === 0) continue;
      stall.until = 0;
      any = true;
    }
    return any;
  }
}
