import { setMaxListeners } from 'node:events';
import { describe, GuardError } from '../core/errors';
import type { Log } from '../core/log';
import type { Metrics } from '../metrics/metrics';
import type { InstanceStore } from '../stores/instance-store';
import type { Connection, Socket } from './connection';

export interface LivenessOptions {
  store: Pick<InstanceStore, 'note'>;
  /** Told of an instance whose socket is dead, before that is ended. */
  died: (connection: Connection, reason: string) => void;
  /** Told of one that answers after all. */
  revived: (connection: Connection) => void;
  log: Log;
  metrics: Pick<Metrics, 'instancesDead'>;
}

/** Why the state of an instance with a dead socket is `close`. */
export const SOCKET_DEAD = 'socket does not answer';

/** How long WhatsApp may take to answer a ping. */
const PING_MS = 20_000;
/** Instances that are asked at the same time. */
const CONCURRENCY = 20;
/** Looks in a row that find nothing alive. */
const MISSES = 2;

/** Finds connections that count as open and are dead: without this they lose messages until somebody looks. */
export class Liveness {
  /** Looks in a row that a socket has not answered. */
  private readonly misses = new WeakMap<object, number>();
  private readonly dead = new Set<Connection>();

  constructor(private readonly options: LivenessOptions) {}

  /** Looks at all that count as open. @param loaded all of this process. */
  async look(loaded: readonly Connection[], signal: AbortSignal): Promise<void> {
    for (const connection of this.dead) if (!loaded.includes(connection)) this.dead.delete(connection);
    setMaxListeners(2 * CONCURRENCY, signal); // each that is asked waits for it
    const open = loaded.filter(({ state }) => state === 'open').values();
    const lookOn = async () => {
      for (const connection of open) {
        if (signal.aborted) return;
        await this.ask(connection, signal);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, lookOn));
    this.options.metrics.instancesDead.set(this.dead.size);
  }

  private async ask(connection: Connection, signal: AbortSignal): Promise<void> {
    const { socket } = connection;
    if (!socket) return;
    const isAlive = await this.isAlive(socket, signal);
    // It may have been closed, or connected anew, in the meantime.
    if (signal.aborted || connection.state !== 'open' || connection.socket?.identity !== socket.identity) return;
    const misses = isAlive ? 0 : (this.misses.get(socket.identity) ?? 0) + 1;
    this.misses.set(socket.identity, misses);
    if (isAlive && this.dead.delete(connection)) this.options.revived(connection);
    else if (misses === MISSES) await this.end(connection, socket);
  }

  private async isAlive(socket: Socket, signal: AbortSignal): Promise<boolean> {
    if (socket.isOpen === false) return false;
    return (await socket.answers?.(PING_MS, signal)) ?? true;
  }

  private async end(connection: Connection, socket: Socket): Promise<void> {
    const { store, died, log } = this.options;
    const { instanceId, name } = connection;
    this.dead.add(connection);
    const { code, message } = new GuardError('GUARD_INSTANCE_SOCKET_DEAD', `Instance ${name}; its socket is ended.`);
    log.error({ code, instance: name }, message);
    died(connection, SOCKET_DEAD);
    try {
      socket.end(SOCKET_DEAD);
      await store.note({ instanceId, name, event: 'socket dead', reason: SOCKET_DEAD });
    } catch (error) {
      log.warn({ instance: name, detail: describe(error) }, 'a dead socket could not be ended, or not be noted');
    }
  }
}
