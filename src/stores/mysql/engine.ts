import type { Engine, EngineOptions } from '../engine';
import { createMysqlDeadLetters } from './dead-letters';
import { asDatabaseError, StatementError } from './errors';
import { createMysqlIdempotency } from './idempotency';
import { createMysqlOutbox } from './index';
import { createMysqlInstances } from './instances';
import { migrate, placeOf } from './migrate';
import { MysqlPool } from './pool';
import { createMysqlSends } from './sends';
import { createMysqlSequences } from './sequences';

/** The own tables beside those of the host in a database of MySQL or MariaDB. */
export function createMysqlEngine({ uri, schema, connections, log }: EngineOptions): Engine {
  const pool = new MysqlPool({ uri, connections, log });
  return {
    outbox: createMysqlOutbox(pool, schema),
    deadLetters: createMysqlDeadLetters(pool, schema),
    sends: createMysqlSends(pool, schema),
    idempotency: createMysqlIdempotency(pool, schema),
    sequences: createMysqlSequences(pool, schema),
    instances: createMysqlInstances(pool, schema),
    place: placeOf(schema),
    migrate: (clientName) => migrate(pool, schema, clientName),
    owner: () => readOwner(pool, schema),
    asDatabaseError,
    listen: () => () => Promise.resolve(),
    close: () => pool.end(),
  };
}

async function readOwner(pool: MysqlPool, schema: string): Promise<string | undefined> {
  try {
    const [row] = await pool.query<{ owner: string }[]>(`SELECT client_name AS owner FROM ${schema}_installation`);
    return row?.owner;
  } catch (error) {
    if (error instanceof StatementError && error.isAbsentTable) return undefined;
    throw error;
  }
}
