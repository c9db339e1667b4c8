import type { Clock } from '../core/clock';

/**
 * How long failures of a chat are waited out. Counted from the first failure since something went well: a short outage
 * costs no send, and in a long one those that wait fail one after another instead of each waiting for itself.
 */
export class Patience {
  private readonly failingSince = new Map<string, number>();

  constructor(
    private readonly lengthMs: number,
    private readonly clock: Clock,
  ) {}

  /** Notes a failure. @returns whether there is time for another try after that pause. */
  lasts(key: string, pauseMs: number): boolean {
    const now = this.clock.monotonic();
    const since = this.failingSince.get(key) ?? now;
    this.failingSince.set(key, since);
    return now + pauseMs < since + this.lengthMs;
  }

  /** It went well, or the chat has no work left. */
  renew(key: string): void {
    this.failingSince.delete(key);
  }
}
