import { backoffMs, type Random } from '../../core/backoff';
import type { Clock } from '../../core/clock';
import { describe, GuardError } from '../../core/errors';
import type { Log } from '../../core/log';
import type { RedisPlace, RedisServer } from '../../core/redis-place';
import { sleep } from '../../core/sleep';
import { within } from '../../core/within';
import { askPrimary } from './ask-primary';
import { addressOf } from './connect';
import { findPrimary } from './find-primary';
import { PrimaryConnection } from './primary-connection';
import type { RedisCommand, RedisLink, RedisLinkState, RedisPrimary } from './redis-link';
import { isElsewhere, isWrite, refusal } from './redis-replies';
import { scanAll } from './scan-all';
import { Sentinels } from './sentinels';
import { Waiters } from './waiters';

export interface LinkOptions {
  place: Exclude<RedisPlace, { kind: 'cluster' }>;
  /** Before every key: the fence lies there. */
  prefix: string;
  /** Within so many milliseconds every call ends. */
  limitMs: number;
  clock: Clock;
  random: Random;
  log: Log;
}

/** How often a primary is asked whether it still is one, while nobody else asks it anything. */
const HEARTBEAT_MS = 1_000;
const MOST_PAUSE_MS = 1_000;
const OTHER = 'the Sentinels have named another primary';

/**
 * The way to a primary that may move: among servers that are named, or that Sentinels know. Looks for it as long as it
 * takes; calls wait meanwhile within their limit, and end at once where it has been away for longer than that.
 */
export class PrimaryLink implements RedisLink {
  private current: PrimaryConnection | undefined;
  /** Since when there is no primary, on the monotonic clock. */
  private awaySince: number;
  private lastError = 'it was not found yet';
  private lastPlace: PrimaryConnection['server'] | undefined;
  private warnings: string[] = [];
  private connects = 0;
  private readonly listeners = new Set<(isUp: boolean) => void>();
  private readonly waiters: Waiters<PrimaryConnection>;
  private readonly sentinels: Sentinels | undefined;
  private readonly stopping = new AbortController();

  constructor(private readonly options: LinkOptions) {
    const { place, clock, limitMs, log } = options;
    this.awaySince = clock.monotonic();
    this.waiters = new Waiters(clock);
    if (place.kind === 'sentinel') {
      this.sentinels = new Sentinels({
        ...place,
        timeoutMs: Math.min(limitMs, HEARTBEAT_MS),
        switched: (server) => this.leaveFor(server),
        log,
      });
    }
    void this.seek();
    void this.watch();
  }

  run(command: RedisCommand, replicas = 0): Promise<unknown> {
    const { clock, limitMs } = this.options;
    const { current } = this;
    if (!current || replicas > 0) return this.runBy(clock.monotonic() + limitMs, command, replicas);
    // The way of nearly all calls: one promise, and no look at the clock.
    return new Promise((resolve, reject) => {
      current.put(command, !isWrite(command), resolve, (error, sentAt) => {
        this.runAgain(current, error, sentAt + limitMs, command).then(resolve, reject);
      });
    });
  }

  scan(pattern: string): AsyncIterable<string[]> {
    return scanAll(
      (command) => this.run(command),
      pattern,
      () => this.connects,
    );
  }

  async primaries(): Promise<RedisPrimary[]> {
    const { clock, limitMs } = this.options;
    const { server } = this.current ?? (await this.found(clock.monotonic() + limitMs));
    return [await askPrimary(addressOf(server), (command) => this.run(command))];
  }

  state(): RedisLinkState {
    return {
      isUp: this.current !== undefined,
      addresses: this.lastPlace ? [addressOf(this.lastPlace)] : [],
      warnings: this.warnings,
      connects: this.connects,
    };
  }

  onChange(changed: (isUp: boolean) => void): () => void {
    this.listeners.add(changed);
    return () => this.listeners.delete(changed);
  }

  stop(): void {
    this.stopping.abort();
    this.sentinels?.stop();
    this.current?.close();
    this.waiters.reject(new GuardError('GUARD_CACHE_AWAY', 'The process is about to end.'));
  }

  private async runBy(deadline: number, command: RedisCommand, replicas: number): Promise<unknown> {
    const first = this.current ?? (await this.found(deadline));
    try {
      return await first.send(command, !isWrite(command), replicas);
    } catch (error) {
      return this.runAgain(first, error, deadline, command, replicas);
    }
  }

  /** @param error of the first attempt. @throws it, where another server would not help. */
  private async runAgain(
    first: PrimaryConnection,
    error: unknown,
    deadline: number,
    command: RedisCommand,
    replicas = 0,
  ): Promise<unknown> {
    this.judge(first, error, command);
    const { clock, limitMs } = this.options;
    const second = await this.found(deadline);
    const late = () => new GuardError('GUARD_CACHE_LATE', `${command[0]}: no answer within ${limitMs} ms.`);
    try {
      return await within(deadline - clock.monotonic(), second.send(command, !isWrite(command), replicas), late);
    } catch (again) {
      this.judge(second, again, command);
      throw new GuardError('GUARD_CACHE_LATE', `${describe(again)}.`, { cause: again });
    }
  }

  /** Leaves a server that is no primary, or gone. @throws any other error. */
  private judge(connection: PrimaryConnection, error: unknown, command: RedisCommand): void {
    if (error instanceof GuardError) throw error;
    if (!isElsewhere(error)) throw refusal(error, command);
    this.leave(connection, describe(error));
  }

  /** @throws GuardError GUARD_CACHE_AWAY, at once where there has been none for longer than the limit. */
  private found(deadline: number): Promise<PrimaryConnection> {
    const { clock, limitMs } = this.options;
    if (this.current) return Promise.resolve(this.current);
    if (this.stopping.signal.aborted || clock.monotonic() - this.awaySince > limitMs) throw this.away();
    return this.waiters.wait(deadline, () => this.away());
  }

  private away(): GuardError {
    return new GuardError('GUARD_CACHE_AWAY', `${this.lastError}.`);
  }

  private leaveFor(named: RedisServer): void {
    if (this.current && !isSame(this.current.server, named)) this.leave(this.current, OTHER);
  }

  private leave(connection: PrimaryConnection | undefined, reason: string): void {
    if (!connection || connection !== this.current) return;
    this.current = undefined;
    if (this.stopping.signal.aborted) return;
    this.lastError = `${addressOf(connection.server)}: ${reason}`;
    this.awaySince = this.options.clock.monotonic();
    connection.close();
    this.options.log.warn({ detail: this.lastError }, 'the primary of the cache is left');
    void this.seek();
  }

  private async seek(): Promise<void> {
    const { clock, random, log } = this.options;
    const { signal } = this.stopping;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const connection = await this.open();
        if (signal.aborted) return connection.close();
        this.current = connection;
        this.connects += 1;
        const awayMs = Math.round(clock.monotonic() - this.awaySince);
        log.info({ primary: addressOf(connection.server), awayMs }, 'the primary of the cache is found');
        this.waiters.resolve(connection);
        this.tell(true);
        return;
      } catch (error) {
        this.lastError = describe(error);
        if (attempt === 0) this.tell(false);
        log.debug({ detail: this.lastError }, 'no primary of the cache yet');
      }
      await sleep(backoffMs(attempt, random, 25, MOST_PAUSE_MS), signal);
    }
  }

  private async open(): Promise<PrimaryConnection> {
    const { place, prefix, limitMs, clock } = this.options;
    const timeoutMs = Math.min(limitMs, HEARTBEAT_MS);
    const { client, server, warnings } = this.sentinels
      ? await findPrimary([await this.sentinels.primary()], place, timeoutMs, 0)
      : await findPrimary(this.candidates(), place, timeoutMs);
    const connection = new PrimaryConnection(client, server, `${prefix}:guard:fence`, limitMs, clock);
    try {
      // It may call itself primary and take nothing yet: while it loads, or in a fail-over.
      await within(timeoutMs, connection.send(['PING'], true));
      // The search may have taken longer than a fail-over.
      if (this.sentinels && !isSame(server, await this.sentinels.primary())) throw new Error(OTHER);
    } catch (error) {
      connection.close();
      throw new Error(`${addressOf(server)}: ${describe(error)}`, { cause: error });
    }
    client.once('close', () => this.leave(connection, 'the connection was closed'));
    this.lastPlace = server;
    this.warnings = warnings;
    return connection;
  }

  /** The last one is asked too: where one replica is all that is named, it may not be there any more. */
  private candidates() {
    const { place } = this.options;
    const named = place.kind === 'servers' ? place.servers : [];
    const last = this.lastPlace;
    const isNamed = !last || named.some((server) => addressOf(server) === addressOf(last));
    return isNamed ? named : [...named, last];
  }

  private async watch(): Promise<void> {
    const { signal } = this.stopping;
    for (;;) {
      await sleep(HEARTBEAT_MS, signal);
      if (signal.aborted) return;
      const connection = this.current;
      if (!connection) continue;
      // None of them may be there to ask; that says nothing of the primary.
      const named = await this.sentinels?.primary().catch(() => undefined);
      if (named) this.leaveFor(named);
      await connection.send(['PING'], true).catch((error: unknown) => {
        if (isElsewhere(error)) this.leave(connection, describe(error));
      });
    }
  }

  private tell(isUp: boolean): void {
    for (const changed of this.listeners) changed(isUp);
  }
}

const isSame = (one: RedisServer, other: RedisServer) => addressOf(one) === addressOf(other);
