import { setMaxListeners } from 'node:events';
import { backoffMs, type Random } from '../core/backoff';
import type { Clock } from '../core/clock';
import { describe, GuardError } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { Metrics } from '../metrics/metrics';
import type { InstanceOperation, InstanceStore } from '../stores/instance-store';

export type Kind = InstanceOperation['kind'];

export interface Step {
  name: string;
  /** May be repeated: a process may die right behind it. @returns what later steps need besides. */
  run: (operation: InstanceOperation, signal: AbortSignal) => Promise<Record<string, unknown> | void>;
}

/** What an operation of a kind consists of. */
export type Plans = Readonly<Record<Kind, readonly Step[]>>;

export interface OperationsOptions {
  store: Pick<InstanceStore, 'begin' | 'advance' | 'renew' | 'end' | 'adopt' | 'operations'>;
  plans: Plans;
  owner: string;
  newId: () => string;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Pick<Metrics, 'instancesOperations'>;
}

/** A step that fails in this way ends its operation: trying again would not help. */
export class Hopeless extends Error {
  constructor(readonly reason: Error) {
    super(reason.message);
  }
}

/** After so long without a word from its process, somebody else goes on with an operation. */
const LEASE_MS = 15_000;
const [LOOK_MS, MOST_ADOPTED] = [4_000, 100];
/** For so long a stop waits for the steps that are under way: WhatsApp may not answer. The next start goes on. */
const STOP_PATIENCE_MS = 8_000;
/** At the same time; the others wait. */
const MOST_RUNNING = 16;
/** A failure is told after so many attempts at a step. */
const STUCK_ATTEMPTS = 5;
/** For so long a start waits for what others have begun: until then it is clear whether they are still there. */
const [START_PATIENCE_MS, START_LOOK_MS] = [LEASE_MS + 1_000, 500];

/**
 * Does work of several steps on instances, to the end: each step is written down when it is done, and whoever finds work
 * whose process is gone goes on with it. One at a time for each instance.
 */
export class Operations {
  private readonly stopping = new AbortController();
  private readonly tails = new Map<string, Promise<void>>();
  private readonly waiting: (() => void)[] = [];
  /** Ids of the work whose lease this process renews; what it does not know of it may take up anew. */
  private readonly held = new Set<string>();
  private running = 0;
  private looking: Promise<void> = Promise.resolve();

  constructor(private readonly options: OperationsOptions) {
    setMaxListeners(MOST_RUNNING + 1, this.stopping.signal); // each that runs may sleep, and so does the look
  }

  /**
   * Goes on with what processes that are gone have left. Where anything is open, that is waited for: an instance whose
   * session is half reset must not be loaded.
   */
  async start(): Promise<void> {
    const { clock, log } = this.options;
    const until = clock.monotonic() + START_PATIENCE_MS;
    for (let isFirst = true; !this.stopping.signal.aborted && (await this.isSomethingOpen()); isFirst = false) {
      if (isFirst) log.warn('work on instances is open; it is waited for, or finished');
      void this.adopt();
      await sleep(START_LOOK_MS, this.stopping.signal);
      if (clock.monotonic() > until) break;
    }
    this.looking = this.look();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    for (const next of this.waiting.splice(0)) next();
    const patience = new AbortController();
    const ended = Promise.all([this.looking, ...this.tails.values()]);
    await Promise.race([ended, sleep(STOP_PATIENCE_MS, patience.signal)]);
    patience.abort();
  }

  /** Whether something is being done with an instance in this process. */
  isBusy(instanceId: string): boolean {
    return this.tails.has(instanceId);
  }

  /**
   * Does work to its end.
   *
   * @param begun called as soon as it is written down: from then on it is finished whatever happens.
   * @throws GuardError GUARD_INSTANCE_BUSY (another process is at work on that instance), what a hopeless step gave, and
   * where it is not known to be written down: errors of the database, and Error when the host stops.
   */
  run(
    kind: Kind,
    instance: { instanceId: string; name: string },
    data: Record<string, unknown> = {},
    begun: () => void = () => undefined,
  ): Promise<void> {
    return this.inLine(instance.instanceId, async () => {
      const step = this.options.plans[kind][0]?.name ?? '';
      const operation = { id: this.options.newId(), ...instance, kind, step, data };
      if (this.stopping.signal.aborted) throw new Error('the host stops');
      const other = await this.options.store.begin(operation, this.options.owner, LEASE_MS);
      if (other) throw new GuardError('GUARD_INSTANCE_BUSY', `${other.kind} of ${other.name}, at step ${other.step}.`);
      this.held.add(operation.id);
      begun();
      await this.finish({ ...operation, attempts: 1 });
    });
  }

  private inLine(instanceId: string, work: () => Promise<void>): Promise<void> {
    const before = this.tails.get(instanceId) ?? Promise.resolve();
    const mine = before.then(() => this.inTurn(work));
    const tail = mine
      .catch(() => undefined)
      .then(() => {
        if (this.tails.get(instanceId) === tail) this.tails.delete(instanceId);
      });
    this.tails.set(instanceId, tail);
    return mine;
  }

  private async inTurn(work: () => Promise<void>): Promise<void> {
    while (this.running >= MOST_RUNNING && !this.stopping.signal.aborted) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    this.running += 1;
    try {
      await work();
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }

  /** Resolves at the end, or when the host stops: then somebody else goes on. */
  private finish(operation: InstanceOperation): Promise<void> {
    return this.doSteps(operation).finally(() => this.held.delete(operation.id));
  }

  private async doSteps(operation: InstanceOperation): Promise<void> {
    const { store, plans, owner, log, metrics } = this.options;
    const steps = plans[operation.kind];
    const from = Math.max(
      0,
      steps.findIndex(({ name }) => name === operation.step),
    );
    let data = operation.data;
    for (const [place, step] of steps.entries()) {
      if (place < from) continue;
      try {
        const more = await this.persist(step, { ...operation, step: step.name, data });
        if (this.stopping.signal.aborted && more === STOPPED) return;
        data = { ...data, ...(more === STOPPED ? {} : more) };
      } catch (error) {
        if (!(error instanceof Hopeless)) throw error;
        await this.written(() => store.end(operation.id, owner, error.message));
        metrics.instancesOperations.inc({ kind: operation.kind, outcome: 'given up' });
        throw error.reason;
      }
      const next = steps[place + 1];
      const isOurs = next
        ? await this.written(() => store.advance(operation.id, owner, next.name, data, LEASE_MS))
        : await this.written(() => store.end(operation.id, owner));
      if (isOurs !== true) return; // somebody else has taken it up, or goes on with it after our end
    }
    metrics.instancesOperations.inc({ kind: operation.kind, outcome: 'done' });
    log.info({ instance: operation.name, kind: operation.kind }, 'work on an instance is done');
  }

  /** Repeats a step until it is done. */
  private async persist(step: Step, operation: InstanceOperation): Promise<Record<string, unknown> | typeof STOPPED> {
    const { random, log } = this.options;
    const { signal } = this.stopping;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        return (await step.run(operation, signal)) ?? {};
      } catch (error) {
        if (error instanceof Hopeless) throw error;
        const detail = { instance: operation.name, step: step.name, detail: describe(error) };
        if (attempt === 0) log.warn(detail, 'a step of work on an instance failed; it is tried again');
        if (attempt + 1 === STUCK_ATTEMPTS) {
          const { code, message } = new GuardError('GUARD_INSTANCE_STUCK', `${operation.kind} of ${operation.name}.`);
          log.error({ code, ...detail }, message);
        }
        await sleep(backoffMs(attempt, random, 100, 10_000), signal);
      }
    }
    return STOPPED;
  }

  /** What the database must know before it goes on. @returns nothing when the host stops first. */
  private async written<T>(write: () => Promise<T>): Promise<T | undefined> {
    const { random, log } = this.options;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await write();
      } catch (error) {
        if (this.stopping.signal.aborted) return undefined;
        if (attempt === 0)
          log.warn({ detail: describe(error) }, 'a step of work on an instance is not written down yet');
        await sleep(backoffMs(attempt, random, 100, 5_000), this.stopping.signal);
      }
    }
  }

  private async isSomethingOpen(): Promise<boolean> {
    const { store, log } = this.options;
    try {
      return (await store.operations()).length > 0;
    } catch (error) {
      log.warn({ detail: describe(error) }, NOT_LOOKED);
      return false;
    }
  }

  private async look(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await sleep(LOOK_MS, this.stopping.signal);
      if (!this.stopping.signal.aborted) void this.adopt();
    }
  }

  private async adopt(): Promise<void> {
    const { store, owner, log } = this.options;
    try {
      await store.renew([...this.held], owner, LEASE_MS);
      const found = await store.adopt(owner, LEASE_MS, MOST_ADOPTED);
      const finished = found.map((operation) => {
        log.warn(
          { instance: operation.name, kind: operation.kind, step: operation.step },
          'work on an instance goes on',
        );
        this.held.add(operation.id);
        return this.inLine(operation.instanceId, () => this.finish(operation));
      });
      await Promise.allSettled(finished);
    } catch (error) {
      log.warn({ detail: describe(error) }, NOT_LOOKED);
    }
  }
}

const NOT_LOOKED = 'work on instances that was left could not be looked for; tried again';

const STOPPED = Symbol('stopped');
