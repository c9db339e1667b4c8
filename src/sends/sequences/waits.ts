import { backoffMs, type Random } from '../../core/backoff';
import { describe } from '../../core/errors';
import type { Log } from '../../core/log';
import { sleep } from '../../core/sleep';

/** Why the steps of a sequence are left where they are. */
export type Reason =
  /** This process is being stopped; another one goes on. */
  | 'stopping'
  | 'cancelled'
  /** Another process has it. */
  | 'lost';

/** Thrown wherever a sequence waits. */
export class Interruption extends Error {
  override readonly name = 'Interruption';

  constructor(readonly reason: Reason) {
    super(reason);
  }
}

const [FIRST_PAUSE_MS, MOST_PAUSE_MS] = [100, 5_000];

/** The waits of one sequence. */
export class Waits {
  /** Ends waits, but not what is under way. */
  readonly signal: AbortSignal;

  constructor(
    /** This process begins nothing more. */
    private readonly stopping: AbortSignal,
    /** It does not wait any longer for what is under way. */
    readonly abandoning: AbortSignal,
    private readonly cancelling: AbortSignal,
    private readonly random: Random,
    private readonly log: Log,
  ) {
    this.signal = AbortSignal.any([stopping, cancelling]);
  }

  /** @throws Interruption */
  check(): void {
    this.checkStopping();
    if (this.cancelling.aborted) throw new Interruption('cancelled');
  }

  /** For who must not be cancelled. @throws Interruption */
  checkStopping(): void {
    if (this.stopping.aborted) throw new Interruption('stopping');
  }

  /** @throws Interruption */
  async sleep(ms: number): Promise<void> {
    await sleep(ms, this.signal);
    this.check();
  }

  /** For who must not be cancelled. @throws Interruption */
  async sleepUncancelled(ms: number): Promise<void> {
    await sleep(ms, this.stopping);
    this.checkStopping();
  }

  /**
   * Tries until it succeeds: a sequence waits for the servers that it needs as long as it takes.
   *
   * @throws Interruption
   */
  async until<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      this.checkStopping();
      try {
        return await work();
      } catch (error) {
        if (error instanceof Interruption) throw error;
        if (attempt === 0) this.log.warn({ detail: describe(error) }, 'a sequence waits for a server');
        await this.sleepUncancelled(backoffMs(attempt, this.random, FIRST_PAUSE_MS, MOST_PAUSE_MS));
      }
    }
  }
}
