import type { RequestRun, StoredAnswer } from '../stores/idempotency-store';

/** A request that this process runs. */
export class IdempotentRun implements RequestRun {
  /** Whether a send of it came as far as the channel: then its answer is kept, whatever it is. */
  hasSent = false;
  /** Whether it came to nothing, and is being forgotten. */
  isVain = false;
  /** The answer; nothing where none is kept, and the next one with the same key runs anew. */
  readonly over: Promise<StoredAnswer | undefined>;
  private resolve: (answer: StoredAnswer | undefined) => void = () => undefined;

  /** @param since on the monotonic clock. */
  constructor(
    readonly requestId: string,
    readonly run: string,
    readonly since: number,
  ) {
    this.over = new Promise((resolve) => (this.resolve = resolve));
  }

  /** Whether an answer of this status is kept. */
  keeps(status: number): boolean {
    return this.hasSent || (status >= 200 && status < 300);
  }

  /** Tells whoever waits. The first word counts. */
  tell(answer: StoredAnswer | undefined): void {
    this.resolve(answer);
  }
}
