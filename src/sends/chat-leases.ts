import { backoffMs, type Random } from '../core/backoff';
import type { Clock } from '../core/clock';
import { describe, GuardError } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { Metrics } from '../metrics/metrics';

/** A lock that ends by itself. */
export interface TimedLock {
  /** On the monotonic clock. */
  readonly until: number;
}

/** What holds locks; compose.ts hands it in. Nothing is returned where somebody else has the lock, or has got it since. */
export interface Locks<L extends TimedLock> {
  acquire(key: string, lengthMs: number): Promise<L | undefined>;
  extend(lock: L, lengthMs: number): Promise<L | undefined>;
  release(lock: L): Promise<void>;
}

/** The right to send to a chat. */
export interface Lease {
  /** Asked right before the socket. */
  isHeld(): boolean;
}

export interface ChatLeasesOptions<L extends TimedLock> {
  /** Absent: nobody but this process sends, as far as can be told without a Redis. */
  locks: Locks<L> | undefined;
  leaseMs: number;
  fallback: 'process' | 'refuse';
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Pick<Metrics, 'sendsLocksUp' | 'sendsLockWait'>;
}

const ALWAYS: Lease = { isHeld: () => true };
/** Pauses of one who waits for another process, in milliseconds. */
const [FIRST_WAIT_MS, MOST_WAIT_MS] = [10, 250];
/** For so long after a failure nobody asks again. */
const PAUSE_MS = 1_000;

/** The leases of this process. Each is extended until it is dropped, so that a long queue takes its lock once. */
export class ChatLeases<L extends TimedLock> {
  private readonly held = new Map<string, HeldLease<L>>();
  private isUp = true;
  private askAgainAt = 0;

  constructor(private readonly options: ChatLeasesOptions<L>) {}

  /**
   * Waits until the chat is ours. At most one caller for each chat.
   *
   * @param waits called once if somebody else has it.
   * @throws GuardError GUARD_SENDS_LOCKS_DOWN where the servers are away and the settings want a refusal.
   */
  async hold(key: string, signal: AbortSignal, waits: () => void = () => undefined): Promise<Lease> {
    const { locks, leaseMs, clock, random, metrics } = this.options;
    if (!locks) return ALWAYS;
    const known = this.held.get(key);
    if (known?.isHeld()) return known;
    this.drop(key);
    const since = clock.monotonic();
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      if (clock.monotonic() < this.askAgainAt) return this.withoutLocks();
      try {
        const lock = await locks.acquire(key, leaseMs);
        this.answered();
        if (lock) {
          metrics.sendsLockWait.observe((clock.monotonic() - since) / 1000);
          return this.keep(key, lock, locks);
        }
      } catch (error) {
        this.failed(error);
        return this.withoutLocks();
      }
      if (attempt === 0) waits();
      await sleep(backoffMs(attempt, random, FIRST_WAIT_MS, MOST_WAIT_MS), signal);
    }
    throw new GuardError('GUARD_SENDS_STOPPING', 'It waited for the lock of its chat.');
  }

  /** The lease that this process has of a chat by now. */
  heldOf(key: string): Lease | undefined {
    if (!this.options.locks) return ALWAYS;
    const known = this.held.get(key);
    return known?.isHeld() ? known : undefined;
  }

  /** Gives the chat to whoever waits for it. */
  drop(key: string): void {
    const lease = this.held.get(key);
    this.held.delete(key);
    lease?.release();
  }

  stop(): void {
    for (const key of [...this.held.keys()]) this.drop(key);
  }

  private keep(key: string, lock: L, locks: Locks<L>): Lease {
    const { leaseMs, clock, log } = this.options;
    const lease = new HeldLease(lock, locks, leaseMs, clock, log);
    this.held.set(key, lease);
    return lease;
  }

  private withoutLocks(): Lease {
    if (this.options.fallback === 'process') return ALWAYS;
    throw new GuardError('GUARD_SENDS_LOCKS_DOWN', 'Nothing was sent.');
  }

  private answered(): void {
    if (this.isUp) return;
    this.isUp = true;
    this.options.metrics.sendsLocksUp.set(1);
    this.options.log.info('the locks of chats are held in Redis again');
  }

  private failed(error: unknown): void {
    this.askAgainAt = this.options.clock.monotonic() + PAUSE_MS;
    if (!this.isUp) return;
    this.isUp = false;
    this.options.metrics.sendsLocksUp.set(0);
    const { code, message } = new GuardError('GUARD_SENDS_LOCKS_DOWN', `${describe(error)}.`);
    this.options.log.error({ code }, message);
  }
}

/** Extends a lock in time until it is released or lost. */
class HeldLease<L extends TimedLock> implements Lease {
  private timer: NodeJS.Timeout | undefined;
  private over = false;

  constructor(
    private lock: L,
    private readonly locks: Locks<L>,
    private readonly leaseMs: number,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.schedule();
  }

  isHeld(): boolean {
    return !this.over && this.clock.monotonic() < this.lock.until;
  }

  release(): void {
    clearTimeout(this.timer);
    if (!this.over) void this.locks.release(this.lock); // it never rejects, and nobody need wait for it
    this.over = true;
  }

  /** Twice in its length, so that one attempt may fail. */
  private schedule(): void {
    this.timer = setTimeout(() => void this.extend(), this.leaseMs / 3);
  }

  private async extend(): Promise<void> {
    try {
      const extended = await this.locks.extend(this.lock, this.leaseMs);
      if (this.over) return;
      if (extended) this.lock = extended;
      else this.over = true;
    } catch (error) {
      this.log.debug({ detail: describe(error) }, 'the lock of a chat could not be extended; tried again');
    }
    if (this.isHeld()) this.schedule();
    else this.over = true;
  }
}
