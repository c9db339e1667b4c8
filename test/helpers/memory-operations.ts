import type { InstanceOperation, InstanceStore } from '../../src/stores/instance-store';

type Method = 'begin' | 'advance' | 'renew' | 'end' | 'adopt' | 'operations';

interface Row {
  operation: InstanceOperation;
  owner: string;
  /** Undefined when it has ended. */
  leaseUntil: number | undefined;
  error?: string | undefined;
}

/** Work on instances in memory, with the rules of the real store, that can fail and lose its answers. */
export class MemoryOperations {
  /** All that was ever begun, the oldest first. */
  readonly rows: Row[] = [];
  /** Called before each statement: what it throws is the failure of the database. */
  before: (method: Method) => void | Promise<void> = () => undefined;
  /** Called when it is done: what it throws means that the answer was lost. */
  after: (method: Method) => void | Promise<void> = () => undefined;
  /** The database's clock. */
  now = 1_000_000;

  readonly store: Pick<InstanceStore, Method> = {
    begin: (operation, owner, leaseMs) =>
      this.answer('begin', () => {
        const { id, instanceId } = operation;
        const known = this.open().find((row) => row.operation.id === id || row.operation.instanceId === instanceId);
        if (known) return known.operation.id === id ? undefined : known.operation;
        this.rows.push({ operation: { ...operation, attempts: 1 }, owner, leaseUntil: this.now + leaseMs });
        return undefined;
      }),
    advance: (id, owner, step, data, leaseMs) =>
      this.answer('advance', () => {
        const row = this.openOf(id, owner);
        if (row) Object.assign(row, { operation: { ...row.operation, step, data }, leaseUntil: this.now + leaseMs });
        return row !== undefined;
      }),
    renew: (ids, owner, leaseMs) =>
      this.answer('renew', () => {
        for (const id of ids) Object.assign(this.openOf(id, owner) ?? {}, { leaseUntil: this.now + leaseMs });
      }),
    end: (id, owner, error) =>
      this.answer('end', () => {
        const row = this.openOf(id, owner);
        if (row) Object.assign(row, { leaseUntil: undefined, error });
        return row !== undefined;
      }),
    adopt: (owner, leaseMs, limit) =>
      this.answer('adopt', () => {
        const free = this.open().filter(({ leaseUntil = Infinity }) => leaseUntil <= this.now);
        return free.slice(0, limit).map((row) => {
          const operation = { ...row.operation, attempts: row.operation.attempts + 1 };
          Object.assign(row, { operation, owner, leaseUntil: this.now + leaseMs });
          return operation;
        });
      }),
    operations: () =>
      this.answer('operations', () => this.open().map(({ operation, owner }) => ({ ...operation, owner }))),
  };

  open(): Row[] {
    return this.rows.filter(({ leaseUntil }) => leaseUntil !== undefined);
  }

  private openOf(id: string, owner: string): Row | undefined {
    return this.open().find((row) => row.operation.id === id && row.owner === owner);
  }

  private async answer<T>(method: Method, work: () => T): Promise<T> {
    await this.before(method);
    await new Promise(setImmediate);
    const answer = work();
    await this.after(method);
    return answer;
  }
}
