import type { Pool } from 'pg';
import { backoffMs, type Random } from '../../core/backoff';
import { GuardError } from '../../core/errors';
import type { Log } from '../../core/log';
import { sleep } from '../../core/sleep';
import type { Metrics } from '../../metrics/metrics';
import type { DeadLetterStore } from '../dead-letters';
import type { OutboxStore } from '../outbox-store';
import { listen } from './announcements';
import { createPostgresDeadLetters } from './dead-letters';
import { createPostgresOutbox } from './index';
import { migrate } from './migrate';
import { asDatabaseError, createPool, withoutPrismaParameters } from './pool';
import { createPrisma } from './prisma';

export interface DatabaseOptions {
  uri: string;
  schema: string;
  /** Whether a pooler stands before the database and hands connections out for a transaction at a time. */
  pooled: boolean;
  clientName: string;
  connections: number;
  log: Log;
  random: Random;
  metrics: Pick<Metrics, 'databaseUp'>;
}

/** The own tables. Usable once the schema is current; until then every statement is refused, and tried again by its caller. */
export class Database {
  private readonly pool: Pool;
  private readonly stopping = new AbortController();
  private preparing: Promise<void> = Promise.resolve();
  private ready = false;
  /** What the last attempt to bring the schema up to date died of, until one succeeds. */
  lastError: GuardError | undefined;
  readonly outbox: OutboxStore;
  readonly deadLetters: DeadLetterStore;

  constructor(private readonly options: DatabaseOptions) {
    this.pool = createPool(options);
    const { pool } = this;
    const { schema, pooled } = options;
    const prisma = createPrisma(pool, schema);
    this.outbox = gated(createPostgresOutbox(pool, schema, pooled, prisma), () => this.assertReady());
    this.deadLetters = gated(createPostgresDeadLetters(pool, schema, prisma), () => this.assertReady());
  }

  get up(): boolean {
    return this.ready;
  }

  /**
   * Brings the schema up to date; goes on trying after the first failure. Resolves after the first attempt.
   *
   * @throws GuardError GUARD_SCHEMA_FOREIGN: waiting does not cure it, and going on could mix two installations.
   */
  async start(): Promise<void> {
    if (await this.prepare()) return;
    if (this.lastError?.code === 'GUARD_SCHEMA_FOREIGN') throw this.lastError;
    this.preparing = this.keepPreparing();
  }

  /** Hears of what other processes have written. @returns what stops it. */
  listen(heard: (partitions: readonly number[]) => void): () => Promise<void> {
    const { uri, schema, pooled, random, log } = this.options;
    return pooled ? () => Promise.resolve() : listen({ uri: withoutPrismaParameters(uri), schema, heard, random, log });
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.preparing;
    this.ready = false;
    await this.pool.end();
  }

  private async keepPreparing(): Promise<void> {
    for (let attempt = 0; !this.stopping.signal.aborted; attempt += 1) {
      await sleep(backoffMs(attempt, this.options.random, 250, 5_000), this.stopping.signal);
      if (this.stopping.signal.aborted || (await this.prepare())) return;
    }
  }

  private async prepare(): Promise<boolean> {
    const { schema, clientName, log, metrics } = this.options;
    try {
      const ran = await migrate(this.pool, schema, clientName);
      this.ready = true;
      this.lastError = undefined;
      metrics.databaseUp.set(1);
      if (ran.length > 0) log.info({ schema, migrations: ran }, 'the schema was brought up to date');
      return true;
    } catch (error) {
      const next = asDatabaseError(error);
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

/** Refuses every call until the schema is there, so that none meets half a schema. */
function gated<S extends DeadLetterStore | OutboxStore>(store: S, assertReady: () => void): S {
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
