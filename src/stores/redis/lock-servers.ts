import { ExecutionError, Redlock, ResourceLockedError, type Lock } from '@sesamecare-oss/redlock';
import Redis from 'ioredis';
import { describe } from '../../core/errors';
import type { Clock } from '../../core/clock';
import type { Log } from '../../core/log';
import { sleep } from '../../core/sleep';

export interface LockServersOptions {
  uris: readonly string[];
  /** Before every key: installations may share a Redis. */
  prefix: string;
  clock: Clock;
  log: Log;
}

/** A lock that was got, and when it ends unless it is extended. */
export interface HeldLock {
  /** On the monotonic clock; the drift that Redlock allows for is taken off. */
  readonly until: number;
  readonly lock: Lock;
}

/** Beyond this a Redis counts as away. A send waits for it. */
const COMMAND_TIMEOUT_MS = 1_000;
const CONNECT_TIMEOUT_MS = 3_000;
/** Of the length: what clocks of servers may differ by (the Redlock algorithm's drift), and Redis' precision. */
const DRIFT = 0.01;
const PRECISION_MS = 2;

/**
 * Locks on one Redis, or on several that are independent of each other: most of them must agree. One attempt at a time;
 * who waits, and how, is the caller's business. Deadlines are kept on the monotonic clock: setting the wall clock neither
 * ends nor prolongs a lock.
 */
export class LockServers {
  private clients: Redis[];
  private redlock: Redlock;
  /** Whether the last attempt of each client to be connected succeeded, so that an outage is one line in the log. */
  private readonly away = new Set<Redis>();

  constructor(private readonly options: LockServersOptions) {
    this.clients = options.uris.map((uri) => this.connect(uri));
    this.redlock = redlockOn(this.clients);
  }

  /** The server is another one from now on. Locks that it has not heard of are lost, as where one comes back empty. */
  moveTo(uri: string): void {
    for (const client of this.clients) client.disconnect();
    this.clients = [this.connect(uri)];
    this.redlock = redlockOn(this.clients);
  }

  /** Resolves when all servers answer, or soon after all the same: what is asked of one that is away fails. */
  async ready(): Promise<void> {
    const answers = this.clients
      .filter(({ status }) => status !== 'ready')
      .map((client) => new Promise<void>((resolve) => client.once('ready', () => resolve())));
    const patience = new AbortController();
    await Promise.race([Promise.all(answers), sleep(COMMAND_TIMEOUT_MS, patience.signal)]);
    patience.abort();
  }

  /**
   * @returns the lock, or nothing where somebody else has it.
   * @throws whatever the servers failed with, where too few of them answered.
   */
  async acquire(key: string, lengthMs: number): Promise<HeldLock | undefined> {
    const from = this.options.clock.monotonic();
    return this.attempt(() => this.redlock.acquire([`${this.options.prefix}${key}`], lengthMs), from, lengthMs);
  }

  /** @returns the same lock with its new end, or nothing where it is gone. @throws as acquire does. */
  async extend({ lock, until }: HeldLock, lengthMs: number): Promise<HeldLock | undefined> {
    const { clock } = this.options;
    const from = clock.monotonic();
    // The library asks the wall clock whether the lock has expired, which somebody may have set meanwhile.
    lock.expiration = Date.now() + Math.max(0, until - from) + PRECISION_MS;
    return this.attempt(() => this.redlock.extend(lock, lengthMs), from, lengthMs);
  }

  /** Where it fails, the lock ends by itself. */
  async release({ lock }: HeldLock): Promise<void> {
    try {
      await this.redlock.release(lock);
    } catch (error) {
      this.options.log.debug({ detail: describe(error) }, 'a lock could not be released; it ends by itself');
    }
  }

  stop(): Promise<void> {
    for (const client of this.clients) client.disconnect();
    return Promise.resolve();
  }

  private async attempt(operation: () => Promise<Lock>, from: number, lengthMs: number): Promise<HeldLock | undefined> {
    try {
      const lock = await operation();
      return { lock, until: from + lengthMs * (1 - DRIFT) - PRECISION_MS };
    } catch (error) {
      if (!(error instanceof ExecutionError)) throw error;
      const [votes] = await Promise.all(error.attempts);
      if (!votes) return undefined;
      const silent = [...votes.votesAgainst.values()].filter((each) => !(each instanceof ResourceLockedError));
      // Too few to agree on anything: that one of them has the lock for somebody says nothing then.
      const isDown = votes.membershipSize - silent.length < votes.quorumSize;
      if (isDown) throw new Error(silent.map(describe).join('; '), { cause: error });
      return undefined;
    }
  }

  private connect(uri: string): Redis {
    const client = new Redis(uri, {
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: COMMAND_TIMEOUT_MS,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      socketTimeout: 2 * COMMAND_TIMEOUT_MS,
      retryStrategy: (times) => Math.min(times * 100, 2_000),
      connectionName: 'evolution-guard',
    });
    const { log } = this.options;
    client.on('error', (error) => {
      if (this.away.has(client)) return;
      this.away.add(client);
      log.warn({ detail: describe(error) }, 'a Redis that holds locks does not answer');
    });
    client.on('ready', () => {
      if (this.away.delete(client)) log.info('a Redis that holds locks answers again');
    });
    return client;
  }
}

const redlockOn = (clients: Redis[]) => new Redlock(clients, { retryCount: 0, driftFactor: DRIFT });
