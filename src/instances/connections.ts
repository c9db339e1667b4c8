import type { Random } from '../core/backoff';
import type { Clock } from '../core/clock';
import { describe } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { Metrics } from '../metrics/metrics';
import type { InstanceStore } from '../stores/instance-store';
import type { Connection, ConnectionUpdate } from './connection';
import { disconnectReason } from './disconnect-reasons';
import { Flaps } from './flaps';
import { Liveness } from './liveness';
import { Reconnects } from './reconnects';
import { RecentCodes, type RecentCode } from './recent-codes';
import { States, type StateListener } from './states';

export interface ConnectionsOptions {
  store: Pick<InstanceStore, 'changeState' | 'states' | 'note'>;
  /** Of this process, in the database. */
  owner: string;
  settings: { reconnectMaxSeconds: number };
  /** Those of this process that are guarded. */
  loaded: () => Connection[];
  /** Whether the host still has it. */
  isLoaded: (connection: Connection) => boolean;
  /** How often all of them are looked at. */
  lookEveryMs: number;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Metrics;
}

/** Stands around what the host does about connections; `stock` is what it does itself. */
export interface ConnectionWatch {
  /** The host is told of a connection by its socket. */
  update(connection: Connection, update: ConnectionUpdate, stock: () => Promise<unknown>): Promise<unknown>;
  /** The host connects. */
  connect(connection: Connection, stock: () => Promise<unknown>): Promise<unknown>;
  /** The host tells of a connection (CONNECTION_UPDATE). */
  tell(connection: Connection, data: unknown, stock: (data: unknown) => Promise<unknown>): Promise<unknown>;
}

export interface Connections {
  watch: ConnectionWatch;
  start(): void;
  /** Gives up what waits to be connected, sends what is held, and writes the last states, for at most three seconds. */
  stop(): Promise<void>;
  /** Codes of an instance's last disconnects, the oldest first. */
  recentCodes(instance: string): readonly RecentCode[];
  /** @returns what takes the listener away. */
  onChange(listener: StateListener): () => void;
  /** The instance is removed: nothing is tried or kept for it any more. */
  forget(instance: string): void;
}

/** What the host tells when nobody has scanned its QR codes; the socket is silent about it. */
const REFUSED = 'refused';

/** Puts together how connections are watched, tamed and told. */
export function createConnections(options: ConnectionsOptions): Connections {
  const { settings, loaded, lookEveryMs, clock, log } = options;
  const reconnects = new Reconnects({ ...options, maxSeconds: settings.reconnectMaxSeconds });
  const flaps = new Flaps(options);
  const states = new States(options);
  const codes = new RecentCodes(clock);
  const liveness = new Liveness({
    ...options,
    died: (connection, reason) => states.seen(connection, 'close', reason),
    revived: (connection) => states.seen(connection, 'open', 'the socket answers again'),
  });
  const stopping = new AbortController();
  let running = Promise.resolve();

  const look = async () => {
    while (!stopping.signal.aborted) {
      try {
        await states.sight(loaded());
        await liveness.look(loaded(), stopping.signal);
      } catch (error) {
        log.warn({ detail: describe(error) }, 'connections could not be looked at; tried again');
      }
      await sleep(lookEveryMs, stopping.signal);
    }
  };

  const watch: ConnectionWatch = {
    update(connection, update, stock) {
      const { state, code, message } = update;
      if (state === 'close' && code !== undefined) codes.add(connection.name, code);
      if (state !== undefined) {
        flaps.seen(connection, state);
        states.seen(connection, state, reasonOf(state, code, message));
      }
      return reconnects.update(connection, update, stock);
    },
    connect: (connection, stock) => reconnects.connect(connection, stock),
    tell(connection, data, stock) {
      const { state } = (data ?? {}) as { state?: unknown };
      if (state === REFUSED) states.seen(connection, 'close', 'no QR code was scanned');
      return flaps.tell(connection, data, stock);
    },
  };

  return {
    watch,
    start() {
      running = look();
    },
    async stop() {
      stopping.abort();
      reconnects.stop();
      flaps.stop();
      await states.stop();
      await running;
    },
    recentCodes: (instance) => codes.of(instance),
    onChange: (listener) => states.onChange(listener),
    forget(instance) {
      reconnects.forget(instance);
      flaps.forget(instance);
      codes.forget(instance);
    },
  };
}

function reasonOf(state: 'open' | 'connecting' | 'close', code?: number, message?: string): string {
  if (state === 'close') return disconnectReason(code, message);
  return state === 'open' ? 'connected' : 'connecting';
}
