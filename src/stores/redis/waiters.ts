import type { Clock } from '../../core/clock';

/** More calls than this do not wait: each keeps what it wants to write in memory. */
const MOST = 10_000;

interface Waiter<T> {
  resolve: (value: T) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/** Calls that wait for the same thing, each until its own deadline. They go on in the order in which they came. */
export class Waiters<T> {
  private waiting = new Set<Waiter<T>>();

  constructor(private readonly clock: Clock) {}

  /** @param deadline on the monotonic clock. @throws what `late` makes, at the deadline or where too many wait. */
  wait(deadline: number, late: () => Error): Promise<T> {
    const leftMs = deadline - this.clock.monotonic();
    if (leftMs <= 0 || this.waiting.size >= MOST) return Promise.reject(late());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(waiter);
        reject(late());
      }, leftMs);
      const waiter = { resolve, reject, timer };
      this.waiting.add(waiter);
    });
  }

  resolve(value: T): void {
    for (const waiter of this.take()) waiter.resolve(value);
  }

  reject(error: Error): void {
    for (const waiter of this.take()) waiter.reject(error);
  }

  private take(): Set<Waiter<T>> {
    const taken = this.waiting;
    this.waiting = new Set();
    for (const { timer } of taken) clearTimeout(timer);
    return taken;
  }
}
