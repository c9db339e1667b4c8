import { backoffMs, type Random } from '../core/backoff';
import { describe } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { Metrics } from '../metrics/metrics';
import type { ConnectionState, InstanceStore, StateRecord } from '../stores/instance-store';

export interface StateChange {
  instanceId: string;
  name: string;
  state: ConnectionState;
  reason: string;
  /** The version that it must follow to count: nobody has told, it was only looked at. 0: there is no record. */
  after?: number;
}

export interface StateWriterOptions {
  store: Pick<InstanceStore, 'changeState'>;
  /** Of this process, in the database. */
  owner: string;
  /** Told of every change that was written. */
  written: (record: StateRecord, name: string) => void;
  random: Random;
  log: Log;
  metrics: Pick<Metrics, 'instanceStates' | 'instanceStatesWaiting' | 'instanceStatesSkipped'>;
}

/** Changes of one instance that wait at most; beyond that the oldest is left out. */
const MOST_WAITING = 10;
/** Instances that are written at the same time. */
const CONCURRENCY = 10;
/** Somebody else changes a state in the very moment: that often in a row it is something else. */
const MOST_CONFLICTS = 5;

interface Line {
  /** Of the record, as far as is known. */
  version: number;
  waiting: StateChange[];
}

/** Writes states: those of one instance in order, each until it is in. */
export class StateWriter {
  private readonly lines = new Map<string, Line>();
  private readonly ready = new Set<Line>();
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(private readonly options: StateWriterOptions) {}

  add(change: StateChange): void {
    const line = this.lines.get(change.instanceId) ?? { version: 0, waiting: [] };
    this.lines.set(change.instanceId, line);
    line.waiting.push(change);
    if (line.waiting.length > MOST_WAITING) {
      line.waiting.shift();
      this.options.metrics.instanceStatesSkipped.inc();
    }
    this.ready.add(line);
    this.running ??= this.run().finally(() => (this.running = undefined));
  }

  /** Forgets versions of instances that are not among these; what waits is still written. */
  keep(instanceIds: ReadonlySet<string>): void {
    for (const [id, { waiting }] of this.lines) {
      if (!instanceIds.has(id) && waiting.length === 0) this.lines.delete(id);
    }
  }

  /** Lets what waits be written, for at most so long. */
  async stop(patienceMs: number): Promise<void> {
    const ended = new AbortController();
    await Promise.race([this.running, sleep(patienceMs, ended.signal)]); // a statement that hangs must not hold up the host
    ended.abort();
    this.stopping.abort();
  }

  private async run(): Promise<void> {
    await Promise.resolve(); // `running` is set by then
    const { random, log, metrics } = this.options;
    for (let failures = 0; this.ready.size > 0 && !this.stopping.signal.aborted;) {
      const lines = [...this.ready].slice(0, CONCURRENCY);
      metrics.instanceStatesWaiting.set(this.ready.size);
      const results = await Promise.allSettled(lines.map((line) => this.write(line)));
      const failed = results.find((result) => result.status === 'rejected');
      failures = failed ? failures + 1 : 0;
      if (!failed) continue;
      const fields = { instances: this.ready.size, detail: describe(failed.reason) };
      if (failures === 1) log.warn(fields, 'states of connections cannot be written now; tried until they are');
      await sleep(backoffMs(failures - 1, random), this.stopping.signal);
    }
    metrics.instanceStatesWaiting.set(this.ready.size);
  }

  /** Writes the oldest change of an instance. */
  private async write(line: Line): Promise<void> {
    const [change] = line.waiting;
    this.ready.delete(line);
    if (!change) return;
    try {
      await this.change(line, change);
      // It may have been left out meanwhile, for newer ones.
      if (line.waiting[0] === change) line.waiting.shift();
    } finally {
      if (line.waiting.length > 0) this.ready.add(line);
    }
  }

  private async change(line: Line, change: StateChange): Promise<void> {
    const { store, owner, written, metrics } = this.options;
    const { instanceId, name, state, reason, after } = change;
    for (let attempt = 0; attempt < MOST_CONFLICTS; attempt += 1) {
      const isFirst = line.version === 0;
      const given = { instanceId, name, state, reason, owner };
      const { changed, record } = await store.changeState(given, after ?? line.version);
      line.version = record.version;
      if (changed) {
        metrics.instanceStates.inc({ state });
        return written(record, name);
      }
      if (after !== undefined || isSettled(state, record, owner, isFirst)) return;
    }
    throw new Error(`the state of instance ${name} is changed by others all the time`);
  }
}

/** Whether a change that came too late has nothing to say any more. */
function isSettled(state: ConnectionState, record: StateRecord, owner: string, isFirst: boolean): boolean {
  if (record.state === state) return true;
  // Another process has connected since, and WhatsApp has ended our connection for it: the instance is not closed.
  return state === 'close' && record.owner !== owner && !isFirst;
}
