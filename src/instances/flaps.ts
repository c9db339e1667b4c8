import type { Clock } from '../core/clock';
import { describe, GuardError } from '../core/errors';
import type { Log } from '../core/log';
import type { Metrics } from '../metrics/metrics';
import type { ConnectionState } from '../stores/instance-store';
import type { Connection } from './connection';

export interface FlapsOptions {
  clock: Clock;
  log: Log;
  metrics: Pick<Metrics, 'instancesFlapping' | 'instanceEventsFolded'>;
}

/** More changes than that within so long are flapping. */
const [MOST_CHANGES, WINDOW_MS] = [10, 60_000];
/** Without a change for so long it is over. */
const QUIET_MS = 120_000;
/** One event may go out in so long. */
const FOLD_MS = 60_000;

/** Sends one of the host's events with this data. */
type Send = (data: unknown) => Promise<unknown>;

interface Changes {
  last: ConnectionState;
  /** Of the latest changes, on the monotonic clock; one more than it takes. */
  times: number[];
}

/** A flapping connection. */
interface Fold {
  quiet?: NodeJS.Timeout;
  /** When the last event went out. */
  sentAt: number;
  /** Events since then. */
  count: number;
  held?: { data: unknown; send: Send } | undefined;
  release?: NodeJS.Timeout | undefined;
}

/** Sees connections that come and go, says so once, and folds what the host tells of them into one event a minute. */
export class Flaps {
  private readonly changes = new WeakMap<Connection, Changes>();
  private readonly flapping = new Map<Connection, Fold>();

  constructor(private readonly options: FlapsOptions) {}

  /** The host was told that the connection has this state. */
  seen(connection: Connection, state: ConnectionState): void {
    const known = this.changes.get(connection);
    if (known?.last === state) return;
    const now = this.options.clock.monotonic();
    const times = [...(known?.times ?? []), now].slice(-MOST_CHANGES - 1);
    this.changes.set(connection, { last: state, times });
    const [first = now] = times;
    const fold = this.flapping.get(connection);
    if (fold) this.awaitQuiet(connection, fold);
    else if (times.length > MOST_CHANGES && now - first <= WINDOW_MS) this.begin(connection);
  }

  /** Lets an event of the host about the connection through: now, later, or within a later one. */
  tell(connection: Connection, data: unknown, send: Send): Promise<unknown> {
    const fold = this.flapping.get(connection);
    if (!fold) return send(data);
    fold.count += 1;
    const waitMs = fold.sentAt + FOLD_MS - this.options.clock.monotonic();
    if (waitMs <= 0) return this.send(fold, data, send);
    if (fold.held) this.options.metrics.instanceEventsFolded.inc();
    fold.held = { data, send };
    fold.release ??= setTimeout(() => this.release(connection, fold), waitMs);
    return Promise.resolve();
  }

  /** The instance is gone. */
  forget(instance: string): void {
    for (const connection of [...this.flapping.keys()]) if (connection.name === instance) this.end(connection);
  }

  /** What is held goes out. */
  stop(): void {
    for (const connection of [...this.flapping.keys()]) this.end(connection);
  }

  private begin(connection: Connection): void {
    const { log } = this.options;
    const fold: Fold = { sentAt: -Infinity, count: 0 };
    this.flapping.set(connection, fold);
    this.awaitQuiet(connection, fold);
    const detail = `Instance ${connection.name}: more than ${MOST_CHANGES} changes within ${WINDOW_MS / 1000} s.`;
    const { code, message } = new GuardError('GUARD_INSTANCE_FLAPPING', detail);
    log.error({ code, instance: connection.name }, message);
    this.measure();
  }

  private awaitQuiet(connection: Connection, fold: Fold): void {
    clearTimeout(fold.quiet);
    fold.quiet = setTimeout(() => {
      this.end(connection);
      this.options.log.info({ instance: connection.name }, 'an instance is flapping no more');
    }, QUIET_MS);
  }

  private end(connection: Connection): void {
    const fold = this.flapping.get(connection);
    if (!fold) return;
    clearTimeout(fold.quiet);
    this.release(connection, fold);
    this.flapping.delete(connection);
    this.measure();
  }

  private release(connection: Connection, fold: Fold): void {
    clearTimeout(fold.release);
    const { held } = fold;
    Object.assign(fold, { release: undefined, held: undefined });
    if (!held) return;
    this.send(fold, held.data, held.send).catch((error: unknown) => {
      const fields = { instance: connection.name, detail: describe(error) };
      this.options.log.warn(fields, 'the host could not tell of a connection');
    });
  }

  private send(fold: Fold, data: unknown, send: Send): Promise<unknown> {
    const { count } = fold;
    Object.assign(fold, { count: 0, sentAt: this.options.clock.monotonic() });
    return send(typeof data === 'object' && data !== null ? { ...data, count } : data);
  }

  private measure(): void {
    this.options.metrics.instancesFlapping.set(this.flapping.size);
  }
}
