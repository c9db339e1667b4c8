import { GuardError } from '../core/errors';
import type { Log } from '../core/log';
import type { Random } from '../core/backoff';
import type { DeadLetterStore } from './dead-letters';
import type { IdempotencyStore } from './idempotency-store';
import type { InstanceStore } from './instance-store';
import type { OutboxStore } from './outbox-store';
import type { SendStore } from './send-store';
import type { SequenceStore } from './sequence-store';

export interface EngineOptions {
  /** Its scheme says what kind of database this is. */
  uri: string;
  /** Keeps the own tables apart from all others: a schema, or where there are none the beginning of their names. */
  schema: string;
  /** Whether a pooler stands before a PostgreSQL and hands connections out for a transaction at a time. */
  pooled: boolean;
  connections: number;
  log: Log;
}

/** Called with the partitions that another process has written in. */
export type Heard = (partitions: readonly number[]) => void;

/** A kind of database, opened. Opens no connection before the first statement. */
export interface Engine {
  readonly outbox: OutboxStore;
  readonly deadLetters: DeadLetterStore;
  readonly sends: SendStore;
  readonly idempotency: IdempotencyStore;
  readonly sequences: SequenceStore;
  readonly instances: InstanceStore;
  /** Where the own tables are, as messages name it. */
  readonly place: string;
  /**
   * Brings the own tables up to date, and binds them to the installation.
   *
   * @returns the names of the migrations that ran.
   * @throws GuardError GUARD_SCHEMA_FOREIGN where they belong to another one; errors of the driver as they come.
   */
  readonly migrate: (clientName: string) => Promise<string[]>;
  /** The installation that the own tables belong to; undefined where there are none. Creates nothing. */
  readonly owner: () => Promise<string | undefined>;
  /** What the operator is told about an error of the driver. */
  readonly asDatabaseError: (error: unknown) => GuardError;
  /** Hears of what other processes have written, where the database can tell. @returns what stops it. */
  readonly listen: (heard: Heard, random: Random) => () => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Two installations in the same tables would publish each other's events to the wrong broker.
 *
 * @throws GuardError GUARD_SCHEMA_FOREIGN
 */
export function assertOwn(place: string, owner: string | undefined, clientName: string): void {
  if (owner === clientName) return;
  const detail = `The ${place} belong to "${owner ?? 'nobody'}", this one is "${clientName}".`;
  throw new GuardError('GUARD_SCHEMA_FOREIGN', detail);
}
