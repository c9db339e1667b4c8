import type { HistoryEntry, InstanceStore, StateRecord } from '../../src/stores/instance-store';

type Method = 'changeState' | 'states' | 'note';

/** States and history of instances in memory, with the rules of the real store, that can fail and lose its answers. */
export class MemoryInstances {
  readonly records = new Map<string, StateRecord>();
  /** The oldest first. */
  readonly entries: HistoryEntry[] = [];
  /** What was asked, in order. */
  readonly asked: Method[] = [];
  /** Called before each statement: what it throws is the failure of the database. */
  before: (method: Method) => void | Promise<void> = () => undefined;
  /** Called when it is done: what it throws means that the answer was lost. */
  after: (method: Method) => void | Promise<void> = () => undefined;

  constructor(private readonly now: () => number = () => Date.now()) {}

  /** What happened to an instance, in words. */
  eventsOf(instanceId: string): string[] {
    return this.entries.filter((entry) => entry.instanceId === instanceId).map(({ event }) => event);
  }

  readonly store: Pick<InstanceStore, Method> = {
    changeState: (change, version) =>
      this.answer('changeState', () => {
        const { instanceId, name, state, reason, owner } = change;
        const known = this.records.get(instanceId);
        if (known && (known.version !== version || known.state === state)) return { changed: false, record: known };
        const record = { instanceId, version: version + 1, state, since: this.now(), reason, owner };
        this.records.set(instanceId, record);
        this.write({ instanceId, name, event: `${known?.state ?? 'new'} -> ${state}`, reason }, record.version);
        return { changed: true, record };
      }),
    states: (ids) => this.answer('states', () => ids.flatMap((id) => this.records.get(id) ?? [])),
    note: (entry) => this.answer('note', () => this.write(entry, null)),
  };

  private write(entry: Pick<HistoryEntry, 'instanceId' | 'name' | 'event' | 'reason'>, version: number | null): void {
    this.entries.push({ ...entry, seq: this.entries.length + 1, at: this.now(), version });
  }

  private async answer<T>(method: Method, work: () => T): Promise<T> {
    this.asked.push(method);
    await this.before(method);
    await new Promise(setImmediate);
    const answer = work();
    await this.after(method);
    return answer;
  }
}
