import { Cluster, ReplyError, type Redis } from 'ioredis';
import type { Clock } from '../../core/clock';
import { describe, GuardError } from '../../core/errors';
import type { Log } from '../../core/log';
import type { RedisPlace } from '../../core/redis-place';
import { sleep } from '../../core/sleep';
import { within } from '../../core/within';
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
/** A server that does not answer PING within this stands still. */
const PROBE_MS = 250;
const SLOTS = 16_384;
const HEARTBEAT_MS = 1_000;
/** How the library hands on what a server answered, as it is to follow no redirection. */
const ANSWER = /^Too many Cluster redirections\. Last error: ReplyError: (.+)$/s;
const MOVED = /^(?:MOVED|ASK) /;
const Answer = ReplyError as new (words: string) => Error;

/**
 * The way to a Cluster, whose servers tell by themselves where a key is: one that is no primary of it answers MOVED, also to
 * reads. The library knows the servers; here is what is done where one of them moves, is gone or stands still.
 */
export class ClusterLink implements RedisLink {
  private readonly cluster: Cluster;
  private readonly waiters: Waiters<void>;
  private readonly listeners = new Set<(isUp: boolean) => void>();
  /** Since when no server of it is connected, on the monotonic clock. */
  private awaySince: number | undefined;
  private lastError = 'it was not found yet';
  private connects = 0;
  private look: Promise<void> | undefined;
  private readonly stopping = new AbortController();

  constructor(private readonly options: ClusterLinkOptions) {
    const { place, limitMs, clock, log } = options;
    this.awaySince = clock.monotonic();
    this.waiters = new Waiters(clock);
    this.cluster = new Cluster([...place.servers], {
      scaleReads: 'master',
      enableOfflineQueue: false,
      // What was given up must not be written later, over something newer: whoever waits for it tries again, nobody else.
      maxRedirections: 0,
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
    void this.watch();
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
    for (;;) {
      const from = clock.monotonic();
      let doubt: unknown;
      try {
        const reply = await within(Math.min(BELIEVED_MS, deadline - from), this.call(command));
        if (clock.monotonic() - from <= BELIEVED_MS) return reply;
        doubt = 'the answer came late';
      } catch (error) {
        if (!isElsewhere(error)) throw refusal(error, command);
        doubt = error;
      }
      const detail = `${command[0]}: ${describe(doubt)}.`;
      const late = () => new GuardError('GUARD_CACHE_LATE', detail, { cause: doubt });
      const leftMs = deadline - clock.monotonic();
      if (leftMs < RETRY_MS) throw late();
      await within(leftMs, this.lookAround(), late);
      await this.ready(deadline);
    }
  }

  /** @throws GuardError GUARD_CACHE_AWAY where a primary cannot be asked: its keys would be missing. */
  async *scan(pattern: string): AsyncGenerator<string[]> {
    await this.ready(this.options.clock.monotonic() + this.options.limitMs);
    for (const node of this.all()) {
      const ask = (command: RedisCommand) => this.ask(node, command);
      yield* scanAll(ask, pattern, () => this.connects);
    }
    this.all();
  }

  async primaries(): Promise<RedisPrimary[]> {
    await this.ready(this.options.clock.monotonic() + this.options.limitMs);
    const nodes = this.all();
    return Promise.all(nodes.map((node) => askPrimary(addressOfNode(node), (command) => this.ask(node, command))));
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
    this.stopping.abort();
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

  /** A key that is on its way to another server is asked for there (ASK). */
  private async call([name, ...args]: RedisCommand): Promise<unknown> {
    try {
      return await this.cluster.call(name, ...args);
    } catch (error) {
      const [, answer = ''] = ANSWER.exec(describe(error)) ?? [];
      const [, address] = /^ASK \d+ (\S+)$/.exec(answer) ?? [];
      const node = this.cluster.nodes('all').find((each) => addressOfNode(each) === address);
      if (!node) throw answer === '' || MOVED.test(answer) ? error : new Answer(answer);
      const [, reply] = await Promise.all([node.asking(), node.call(name, ...args)]);
      return reply;
    }
  }

  /**
   * Ends connections to servers that stand still, so that nothing is written there later that was given up here, and asks who
   * has which keys now. One look at a time.
   */
  private lookAround(): Promise<void> {
    return (this.look ??= this.lookOnce().finally(() => (this.look = undefined)));
  }

  /** Idle connections are looked at, too: the library does not notice by itself that the last server is gone. */
  private async watch(): Promise<void> {
    const { signal } = this.stopping;
    for (;;) {
      await sleep(HEARTBEAT_MS, signal);
      if (signal.aborted) return;
      await this.endSilent();
    }
  }

  private async endSilent(): Promise<void> {
    await Promise.all(
      this.cluster.nodes('all').map(async (node) => {
        const isFine = await within(PROBE_MS, node.ping()).then(
          () => true,
          () => false,
        );
        if (isFine) return;
        node.disconnect();
        node.stream?.destroy();
      }),
    );
  }

  private async lookOnce(): Promise<void> {
    await Promise.all([sleep(RETRY_MS, this.stopping.signal), this.endSilent()]);
    const refreshed = new Promise<void>((resolve) => this.cluster.refreshSlotsCache(() => resolve()));
    await within(PROBE_MS, refreshed).catch(() => undefined); // it goes on by itself, and is asked for again
  }

  /** The primaries of all keys. */
  private all(): Redis[] {
    const nodes = this.cluster.nodes('master');
    const owners = new Set(this.cluster.slots.map((servers) => servers[0] ?? ''));
    const missing = [...owners].filter((owner) => !nodes.some((node) => addressOfNode(node) === owner));
    if (missing.length > 0 || this.cluster.slots.length < SLOTS)
      throw new GuardError('GUARD_CACHE_AWAY', `Primaries are missing: ${missing.join(', ')}.`);
    return nodes;
  }

  /** Asks one server, where it is a primary. */
  private async ask(node: Redis, command: RedisCommand): Promise<unknown> {
    const { limitMs } = this.options;
    const [name, ...args] = command;
    try {
      // In the order in which they are sent: a server answers both as what it is.
      const [[role], reply] = await within(
        limitMs,
        Promise.all([node.role() as Promise<[unknown]>, node.call(name, ...args)]),
      );
      if (role === 'master') return reply;
    } catch (error) {
      if (!isElsewhere(error)) throw refusal(error, command);
      throw new GuardError('GUARD_CACHE_AWAY', `${addressOfNode(node)}: ${describe(error)}.`, { cause: error });
    }
    throw new GuardError('GUARD_CACHE_AWAY', `${addressOfNode(node)} is no primary any more.`);
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
