import { describe } from '../core/errors';
import type { Clock } from '../core/clock';
import type { Log } from '../core/log';
import type { ConnectionState, InstanceStore, StateRecord } from '../stores/instance-store';
import type { Connection } from './connection';
import { StateWriter, type StateChange, type StateWriterOptions } from './state-writer';

/** Called with every state that this process has written, when it is in the database. */
export type StateListener = (record: StateRecord, name: string) => void;

export interface StatesOptions extends Omit<StateWriterOptions, 'written' | 'store'> {
  store: Pick<InstanceStore, 'changeState' | 'states'>;
  clock: Clock;
}

/** How long a stop waits for states that are not written yet. */
const PATIENCE_MS = 3_000;
/** A record of another process that is older than this, and says other than the host, is from before a restart. */
const STALE_MS = 600_000;

/** Writes down every change of a connection's state, for all processes to see. */
export class States {
  private readonly writer: StateWriter;
  /** What this process has seen last. */
  private readonly last = new WeakMap<Connection, ConnectionState>();
  private readonly listeners = new Set<StateListener>();
  private readonly log: Log;

  constructor(private readonly options: StatesOptions) {
    this.log = options.log;
    this.writer = new StateWriter({ ...options, written: (...given) => this.tell(...given) });
  }

  /** The connection has this state. A repeat of the last one is no change. */
  seen(connection: Connection, state: ConnectionState, reason: string): void {
    this.add(connection, { state, reason });
  }

  /**
   * Looks at those that were loaded and of which nothing was heard: where there is no record, or an old one that speaks of
   * a connection which the host did not take up again, what the host says is written.
   *
   * @param loaded all of this process.
   */
  async sight(loaded: readonly Connection[]): Promise<void> {
    this.writer.keep(new Set(loaded.map(({ instanceId }) => instanceId)));
    const fresh = loaded.filter((connection) => connection.state && !this.last.has(connection));
    if (fresh.length === 0) return;
    const records = await this.options.store.states(fresh.map(({ instanceId }) => instanceId));
    const known = new Map(records.map((record) => [record.instanceId, record]));
    for (const connection of fresh) {
      const { state } = connection;
      if (!state || this.last.has(connection)) continue; // it was heard of meanwhile
      const record = known.get(connection.instanceId);
      const isStale = record && this.isStale(record, state);
      if (!record) this.add(connection, { state, reason: 'first seen', after: 0 });
      else if (isStale)
        this.add(connection, { state, reason: 'not connected when it was loaded', after: record.version });
      else this.last.set(connection, state);
    }
  }

  /** @returns what takes the listener away. */
  onChange(listener: StateListener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  stop(): Promise<void> {
    return this.writer.stop(PATIENCE_MS);
  }

  private add(connection: Connection, change: Pick<StateChange, 'state' | 'reason' | 'after'>): void {
    if (this.last.get(connection) === change.state) return;
    this.last.set(connection, change.state);
    const { instanceId, name } = connection;
    this.writer.add({ instanceId, name, ...change });
  }

  private isStale(record: StateRecord, state: ConnectionState): boolean {
    const isOld = this.options.clock.now() - record.since > STALE_MS;
    return isOld && state === 'close' && record.state !== 'close' && record.owner !== this.options.owner;
  }

  private tell(record: StateRecord, name: string): void {
    for (const listener of this.listeners) {
      try {
        listener(record, name);
      } catch (error) {
        this.log.warn({ instance: name, detail: describe(error) }, 'a listener to states failed');
      }
    }
  }
}
