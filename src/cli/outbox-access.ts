import { existsSync } from 'node:fs';
import { GuardError } from '../core/errors';
import type { Log } from '../core/log';
import { readSettings, type Settings } from '../core/settings';
import type { DeadLetterStore } from '../stores/dead-letters';
import { createPostgresDeadLetters } from '../stores/postgres/dead-letters';
import { asDatabaseError, createPool } from '../stores/postgres/pool';
import { createPrisma, type PrismaClient } from '../stores/postgres/prisma';
import { hostEnvironment } from './host-environment';

const CONNECTIONS = 2;
const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * Opens the outbox of a host for one command: the host need not run. Creates neither schema nor table.
 *
 * @throws GuardError
 */
export async function withOutbox<T>(
  hostDir: string,
  action: (store: DeadLetterStore, settings: Settings) => Promise<T>,
): Promise<T> {
  if (!existsSync(hostDir)) throw new GuardError('GUARD_HOST_NOT_FOUND', `${hostDir} does not exist.`);
  const settings = readSettings(hostEnvironment(hostDir, process.env));
  const { databaseUri: uri, databaseProvider, databaseSchema: schema } = settings;
  if (!uri || databaseProvider === 'mysql') {
    throw new GuardError('GUARD_OUTBOX_ABSENT', `The settings in ${hostDir} name no PostgreSQL.`);
  }
  const pool = createPool({ uri, connections: CONNECTIONS, log: silent });
  try {
    const tables = await pool
      .query<{ name: string | null }>('SELECT to_regclass($1)::text AS name', [`${schema}.outbox`])
      .catch((error: unknown) => Promise.reject(asDatabaseError(error)));
    if (tables.rows[0]?.name == null) {
      throw new GuardError('GUARD_OUTBOX_ABSENT', `There is no table ${schema}.outbox.`);
    }
    const prisma = createPrisma(pool, schema);
    await assertOwn(prisma, settings);
    return await action(createPostgresDeadLetters(pool, schema, prisma), settings);
  } finally {
    await pool.end();
  }
}

/** As at the start of the host: another installation's events must not be touched by mistake. */
async function assertOwn(prisma: PrismaClient, { clientName, databaseSchema }: Settings): Promise<void> {
  const owner = (await prisma.installation.findFirst())?.clientName;
  if (owner === clientName) return;
  const detail = `Schema "${databaseSchema}" belongs to "${owner ?? 'nobody'}", this host is "${clientName}".`;
  throw new GuardError('GUARD_SCHEMA_FOREIGN', detail);
}
