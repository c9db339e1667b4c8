import { backoffMs, type Random } from '../core/backoff';
import { GuardError } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { Metrics } from '../metrics/metrics';
import type { DeadLetterStore } from './dead-letters';
import type { Engine, Heard } from './engine';
import type { IdempotencyStore } from './idempotency-store';
import type { InstanceStore } from './instance-store';
import type { OutboxStore } from './outbox-store';
import type { SendStore } from './send-store';
import type { SequenceStore } from './sequence-store';

export interface DatabaseOptions {
  clientName: string;
  log: Log;
  random: Random;
  metrics: Pick<Metrics, 'databaseUp'>;
}

/** The own tables. Usable once they are current; until then every statement is refused, and tried again by its caller. */
export class Database {
  private readonly stopping = new AbortController();
  private preparing: Promise<void> = Promise.resolve();
  private ready = false;
  /** What the last attempt to bring the tables up to date died of, until one succeeds. */
  lastError: GuardError | undefined;
  readonly outbox: OutboxStore;
  readonly deadLetters: DeadLetterStore;
  readonly sends: SendStore;
  readonly idempotency: IdempotencyStore;
  readonly sequences: SequenceStore;
  readonly instances: InstanceStore;

  constructor(
    private readonly engine: Engine,
    private readonly options: DatabaseOptions,
  ) {
    this.outbox = gated(engine.outbox, () => this.assertReady());
    this.deadLetters = gated(engine.deadLetters, () => this.assertReady());
    this.sends = gated(engine.sends, () => this.assertReady());
    this.idempotency = gated(engine.idempotency, () => this.assertReady());
    this.sequences = gated(engine.sequences, () => this.assertReady());
    this.instances = gated(engine.instances, () => this.assertReady());
  }

  get up(): boolean {
    return this.ready;
  }

  /**
   * Brings the tables up to date; goes on trying after the first failure. Resolves after the first attempt.
   *
   * @throws GuardError GUARD_SCHEMA_FOREIGN: waiting does not cure it, and going on could mix two installations.
   */
  async start(): Promise<void> {
    if (await this.prepare()) return;
    if (this.lastError?.code === 'GUARD_SCHEMA_FOREIGN') throw this.lastError;
    this.preparing = this.keepPreparing();
  }

  /** Hears of what other processes have written. @returns what stops it. */
  listen(heard: Heard): () => Promise<void> {
    return this.engine.listen(heard, this.options.random);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.preparing;
    this.ready = false;
    await this.engine.close();
  }

  private async keepPreparing(): Promise<void> {
    for (let attempt = 0; !this.stopping.signal.aborted; attempt += 1) {
      await sleep(backoffMs(attempt, this.options.random, 250, 5_000), this.stopping.signal);
      if (this.stopping.signal.aborted || (await this.prepare())) return;
    }
  }

  private async prepare(): Promise<boolean> {
    const { clientName, log, metrics } = this.options;
    try {
      const ran = await this.engine.migrate(clientName);
      this.ready = true;
      this.lastError = undefined;
      metrics.databaseUp.set(1);
      if (ran.length > 0) log.info({ migrations: ran }, `the ${this.engine.place} were brought up to date`);
      return true;
    } catch (error) {
      const next = this.engine.asDatabaseError(error);
      if (next.code !== this.lastError?.code) log.error({ code: next.code }, next.message);
      this.lastError = next;
      metrics.databaseUp.set(0);
      return false;
    }
  }

  private assertReady(): void {
    if (!this.ready) throw this.lastError ?? new GuardError('GUARD_DATABASE_UNREACHABLE', 'It is being prepared.');
  }
}

type Store = DeadLetterStore | IdempotencyStore | InstanceStore | OutboxStore | SendStore | SequenceStore;

/** Refuses every call until the tables are there, so that none meets half of them. */
function gated<S extends Store>(store: S, assertReady: () => void): S {
  const methods = Object.entries(store) as [string, (...args: unknown[]) => Promise<unknown>][];
  const gates = methods.map(([name, method]) => {
    const gate = async (...args: unknown[]) => {
      assertReady();
      return method(...args);
    };
    return [name, gate] as const;
  });
  return Object.fromEntries(gates) as unknown as S;
}
