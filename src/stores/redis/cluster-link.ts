import { Cluster, type Redis } from 'ioredis';
import type { Clock } from '../../core/clock';
import { describe, GuardError } from '../../core/errors';
import type { Log } from '../../core/log';
import type { RedisPlace } from '../../core/redis-place';
import { askPrimary } from './ask-primary';
import { addressOf } from './connect';
import { BELIEVED_MS } from './primary-connection';
import type { RedisCommand, RedisLink, RedisLinkState, RedisPrimary } from './redis-link';
import { isElsewhere, refusal } from './redis-replies';
import { scanAll } from './scan-all';
import { Waiters } from './waiters';

export interface ClusterLinkOptions {
  place: Extract<RedisPlace, { kind: 'cluster' }>;
  /** Within so many milliseconds every call ends. */
  limitMs: number;
  clock: Clock;
  log: Log;
}

/** Between two attempts on a slot whose primary is away. */
const RETRY_MS = 100;

/**
 * The way to a Cluster, whose servers tell by themselves where a key is: one that is no primary of it answers MOVED, also to
 * reads. The library follows them; here are the limit, and that late answers are not believed.
 */
export class ClusterLink implements RedisLink {
  private readonly cluster: Cluster;
  private readonly waiters: Waiters<void>;
  private readonly listeners = new Set<(isUp: boolean) => void>();
  /** Since when no server of it is connected, on the monotonic clock. */
  private awaySince: number | undefined;
  private lastError = 'it was not found yet';
  private connects = 0;

  constructor(private readonly options: ClusterLinkOptions) {
    const { place, limitMs, clock, log } = options;
    this.awaySince = clock.monotonic();
    this.waiters = new Waiters(clock);
    this.cluster = new Cluster([...place.servers], {
      scaleReads: 'master',
      enableOfflineQueue: false,
      // Attempts end before the limit does: what was given up must not be written later, over something newer.
      maxRedirections: Math.max(3, Math.floor((limitMs * 0.8) / RETRY_MS)),
      retryDelayOnFailover: RETRY_MS,
      retryDelayOnClusterDown: RETRY_MS,
      slotsRefreshTimeout: 1_000,
      slotsRefreshInterval: 5_000,
      clusterRetryStrategy: (times) => Math.min(times * 50, 1_000),
      redisOptions: {
        ...(place.username === undefined ? {} : { username: place.username }),
        ...(place.password === undefined ? {} : { password: place.password }),
        ...(place.tls ? { tls: {} } : {}),
        connectTimeout: Math.min(limitMs, 1_000),
        connectionName: 'evolution-guard',
      },
    });
    this.cluster.on('ready', () => this.up());
    this.cluster.on('close', () => this.down());
    this.cluster.on('error', (error) => {
      this.lastError = describe(error);
      log.debug({ detail: this.lastError }, 'the Cluster of the cache does not answer');
    });
  }

  async run(command: RedisCommand): Promise<unknown> {
    const { clock, limitMs } = this.options;
    const deadline = clock.monotonic() + limitMs;
    await this.ready(deadline);
    const first = await this.attempt(command, deadline);
    if (first.isBelieved) return first.reply;
    // Whoever answered so late may have been replaced meanwhile.
    await new Promise<void>((resolve) => this.cluster.refreshSlotsCache(() => resolve()));
    const second = await this.attempt(command, deadline);
    if (second.isBelieved) return second.reply;
    throw new GuardError('GUARD_CACHE_LATE', 'Two answers came late.');
  }

  async *scan(pattern: string): AsyncGenerator<string[]> {
    for (const node of this.cluster.nodes('master')) {
      const ask = (command: RedisCommand) => this.ask(node, command);
      yield* scanAll(ask, pattern, () => this.connects);
    }
  }

  primaries(): Promise<RedisPrimary[]> {
    return Promise.all(
      this.cluster.nodes('master').map((node) => askPrimary(addressOfNode(node), (command) => this.ask(node, command))),
    );
  }

  state(): RedisLinkState {
    return {
      isUp: this.awaySince === undefined,
      addresses: this.cluster.nodes('master').map(addressOfNode),
      warnings: [],
      connects: this.connects,
    };
  }

  onChange(changed: (isUp: boolean) => void): () => void {
    this.listeners.add(changed);
    return () => this.listeners.delete(changed);
  }

  stop(): void {
    this.awaySince ??= 0;
    this.cluster.disconnect();
    this.waiters.reject(new GuardError('GUARD_CACHE_AWAY', 'The process is about to end.'));
  }

  private ready(deadline: number): Promise<void> {
    const { clock, limitMs } = this.options;
    if (this.awaySince === undefined) return Promise.resolve();
    const away = () => new GuardError('GUARD_CACHE_AWAY', `${this.lastError}.`);
    if (clock.monotonic() - this.awaySince > limitMs) return Promise.reject(away());
    return this.waiters.wait(deadline, away);
  }

  private async attempt(command: RedisCommand, deadline: number): Promise<{ reply: unknown; isBelieved: boolean }> {
    const { clock } = this.options;
    const from = clock.monotonic();
    const [name, ...args] = command;
    const reply = await this.within(deadline, this.cluster.call(name, ...args), command);
    return { reply, isBelieved: clock.monotonic() - from <= BELIEVED_MS };
  }

  /** Asks one server, where it is a primary. */
  private async ask(node: Redis, command: RedisCommand): Promise<unknown> {
    const deadline = this.options.clock.monotonic() + this.options.limitMs;
    const [role] = (await this.within(deadline, node.role(), ['ROLE'])) as [unknown];
    if (role !== 'master') throw new GuardError('GUARD_CACHE_AWAY', `${addressOfNode(node)} is no primary any more.`);
    const [name, ...args] = command;
    return this.within(deadline, node.call(name, ...args), command);
  }

  private async within(deadline: number, reply: Promise<unknown>, command: RedisCommand): Promise<unknown> {
    const { clock, limitMs } = this.options;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const detail = `${command[0]}: no answer within ${limitMs} ms.`;
      timer = setTimeout(
        () => reject(new GuardError('GUARD_CACHE_LATE', detail)),
        Math.max(0, deadline - clock.monotonic()),
      );
    });
    try {
      return await Promise.race([reply, late]);
    } catch (error) {
      if (error instanceof GuardError) throw error;
      if (!isElsewhere(error)) throw refusal(error, command);
      throw new GuardError('GUARD_CACHE_AWAY', `${describe(error)}.`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  private up(): void {
    const awayMs = Math.round(this.options.clock.monotonic() - (this.awaySince ?? 0));
    this.awaySince = undefined;
    this.connects += 1;
    this.options.log.info({ awayMs }, 'the Cluster of the cache is found');
    this.waiters.resolve();
    for (const changed of this.listeners) changed(true);
  }

  private down(): void {
    if (this.awaySince !== undefined) return;
    this.awaySince = this.options.clock.monotonic();
    this.options.log.warn({ detail: this.lastError }, 'the Cluster of the cache is away');
    for (const changed of this.listeners) changed(false);
  }
}

const addressOfNode = ({ options: { host = '', port = 0 } }: Redis) => addressOf({ host, port });
