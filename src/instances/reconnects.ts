import { AsyncLocalStorage } from 'node:async_hooks';
import { backoffMs, type Random } from '../core/backoff';
import type { Clock } from '../core/clock';
import { describe } from '../core/errors';
import type { Log } from '../core/log';
import { createWaker, type Waker } from '../core/waker';
import type { Metrics } from '../metrics/metrics';
import type { Connection, ConnectionUpdate } from './connection';
import { RESTART_REQUIRED } from './disconnect-reasons';

export interface ReconnectsOptions {
  maxSeconds: number;
  /** Whether the host still has it. */
  isLoaded: (connection: Connection) => boolean;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Pick<Metrics, 'instanceReconnects' | 'instancesWaiting'>;
}

/** Longest pause before the first reconnect. */
const FIRST_MS = 1_000;
/** Open for so long, a connection counts as a good one: the next pause is a short one again. */
const GOOD_MS = 60_000;
/** For so long a new socket may be silent before it counts as no connect any more. */
const SILENCE_MS = 5_000;
/** What the host's own restart ends a socket with. */
const RESTART = 'restart';

/** One connection and what has been tried for it. */
interface Line {
  /** Reconnects since it was last open for a minute, or somebody asked. */
  attempts: number;
  openSince?: number | undefined;
  lastClose?: ConnectionUpdate | undefined;
  hasRestarted: boolean;
  /** The connect that is under way: until its socket says something, or is silent for too long. */
  connect?: { result: Promise<unknown>; until: number } | undefined;
  /** The reconnect that waits or runs. */
  reconnect?: Promise<unknown> | undefined;
  waker?: Waker | undefined;
  ending?: AbortController | undefined;
}

/**
 * Spreads out reconnects. The host connects again at once after every close that is no logout, from within its handler of
 * the close; that call waits here. What a user asks for goes at once, and takes the place of one that waits.
 */
export class Reconnects {
  private readonly lines = new WeakMap<Connection, Line>();
  private readonly waiting = new Map<Connection, AbortController>();
  /** The connection whose update the host is at. */
  private readonly within = new AsyncLocalStorage<Connection | undefined>();
  private isStopped = false;

  constructor(private readonly options: ReconnectsOptions) {}

  /** Runs the host's handler of an update, and knows the connects that come from there. */
  update(connection: Connection, update: ConnectionUpdate, stock: () => Promise<unknown>): Promise<unknown> {
    const line = this.lineOf(connection);
    const { state } = update;
    const isUnderWay = line.connect?.until === Infinity;
    if (state === 'close') this.closed(line, update);
    else if (state !== undefined && !line.connect) line.ending?.abort(); // connected past us: by the host's reloadConnection
    if (state === 'open') line.openSince = this.options.clock.monotonic();
    if (state !== undefined && !isUnderWay) line.connect = undefined;
    return this.within.run(connection, stock);
  }

  /**
   * Connects, now or after a pause; never twice at the same time.
   *
   * @returns what the host's own connect returns. Nothing where it was given up, as the instance or the host ends.
   */
  connect(connection: Connection, stock: () => Promise<unknown>): Promise<unknown> {
    const line = this.lineOf(connection);
    if (this.within.getStore() === connection) {
      line.reconnect ??= this.reconnect(connection, line, stock).finally(() => (line.reconnect = undefined));
      return line.reconnect;
    }
    startAnew(line);
    const result = this.run(line, stock);
    line.waker?.wake(); // it finds this one under way, and takes its result
    return result;
  }

  /** Gives up what waits for an instance that is gone. */
  forget(instance: string): void {
    for (const [connection, ending] of this.waiting) if (connection.name === instance) ending.abort();
  }

  stop(): void {
    this.isStopped = true;
    for (const ending of this.waiting.values()) ending.abort();
  }

  /** Tries until the host has a socket: its own connect throws for want of a database, and is not called again then. */
  private async reconnect(connection: Connection, line: Line, stock: () => Promise<unknown>): Promise<unknown> {
    const { isLoaded, log, metrics } = this.options;
    const ending = new AbortController();
    if (this.isStopped) return undefined;
    const waker = createWaker();
    this.waiting.set(connection, ending);
    Object.assign(line, { waker, ending });
    try {
      for (;;) {
        metrics.instancesWaiting.set(this.waiting.size);
        const pauseMs = line.connect ? 0 : this.pauseOf(line);
        log.debug({ instance: connection.name, pauseMs: Math.round(pauseMs) }, 'an instance is connected again soon');
        metrics.instanceReconnects.inc();
        if (pauseMs > 0) await waker.wait(pauseMs, ending.signal);
        if (ending.signal.aborted || !isLoaded(connection)) return undefined;
        try {
          return await this.run(line, stock);
        } catch (error) {
          log.warn({ instance: connection.name, detail: describe(error) }, 'a reconnect failed; tried again');
        }
      }
    } finally {
      Object.assign(line, { waker: undefined, ending: undefined });
      this.waiting.delete(connection);
      metrics.instancesWaiting.set(this.waiting.size);
    }
  }

  private closed(line: Line, update: ConnectionUpdate): void {
    if (line.openSince !== undefined && this.options.clock.monotonic() - line.openSince >= GOOD_MS) startAnew(line);
    line.openSince = undefined;
    line.lastClose = update;
  }

  private pauseOf(line: Line): number {
    const { random, maxSeconds } = this.options;
    const { code, message } = line.lastClose ?? {};
    line.lastClose = undefined;
    if (message === RESTART) return 0;
    if (code === RESTART_REQUIRED && !line.hasRestarted) {
      line.hasRestarted = true;
      return 0;
    }
    line.attempts += 1;
    return backoffMs(line.attempts - 1, random, FIRST_MS, maxSeconds * 1000);
  }

  /** The host runs it outside of the update: its new socket must not take its own updates for a part of this one. */
  private run(line: Line, stock: () => Promise<unknown>): Promise<unknown> {
    const { clock } = this.options;
    if (line.connect && clock.monotonic() < line.connect.until) return line.connect.result;
    const connect = { result: this.within.run(undefined, stock), until: Infinity };
    line.connect = connect;
    connect.result = connect.result.then(
      (socket) => {
        connect.until = clock.monotonic() + SILENCE_MS;
        return socket;
      },
      (error: unknown) => {
        if (line.connect === connect) line.connect = undefined;
        throw error;
      },
    );
    return connect.result;
  }

  private lineOf(connection: Connection): Line {
    const known = this.lines.get(connection);
    if (known) return known;
    const line: Line = { attempts: 0, hasRestarted: false };
    this.lines.set(connection, line);
    return line;
  }
}

function startAnew(line: Line): void {
  line.attempts = 0;
  line.hasRestarted = false;
}
