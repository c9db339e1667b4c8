import type { Pool } from 'pg';
import type { Engine, EngineOptions } from '../engine';
import { listen } from './announcements';
import { createPostgresDeadLetters } from './dead-letters';
import { createPostgresIdempotency } from './idempotency';
import { createPostgresOutbox } from './index';
import { createPostgresInstances } from './instances';
import { migrate } from './migrate';
import { asDatabaseError, createPool, withoutPrismaParameters } from './pool';
import { createPrisma } from './prisma';
import { createPostgresSends } from './sends';
import { createPostgresSequences } from './sequences';

/** The own tables in a schema of a PostgreSQL. */
export function createPostgresEngine({ uri, schema, connections, log, ...options }: EngineOptions): Engine {
  // Prisma's own word for it, which operators have in their URI already.
  const pooled = options.pooled || new URL(uri).searchParams.get('pgbouncer') === 'true';
  const pool = createPool({ uri, connections, log });
  const prisma = createPrisma(pool, schema);
  const listening = withoutPrismaParameters(uri);
  return {
    outbox: createPostgresOutbox(pool, schema, pooled, prisma),
    deadLetters: createPostgresDeadLetters(pool, schema, prisma),
    sends: createPostgresSends(pool, schema, pooled),
    idempotency: createPostgresIdempotency(pool, schema, pooled),
    sequences: createPostgresSequences(pool, schema),
    instances: createPostgresInstances(pool, schema),
    place: `tables of schema ${schema}`,
    migrate: (clientName) => migrate(pool, schema, clientName),
    owner: () => readOwner(pool, schema),
    asDatabaseError,
    listen: (heard, random) =>
      pooled ? () => Promise.resolve() : listen({ uri: listening, schema, heard, random, log }),
    close: () => pool.end(),
  };
}

/** Two statements: one that names a table which is not there is an error, whatever it would do with it. */
async function readOwner(pool: Pool, schema: string): Promise<string | undefined> {
  const installation = `${schema}.installation`;
  const tables = await pool.query<{ name: string | null }>('SELECT to_regclass($1)::text AS name', [installation]);
  if (tables.rows[0]?.name == null) return undefined;
  const { rows } = await pool.query<{ owner: string }>(`SELECT client_name AS owner FROM "${schema}".installation`);
  return rows[0]?.owner;
}
