import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Connection } from 'mariadb';
import { GuardError } from '../../core/errors';
import { assertOwn } from '../engine';
import { migrationFiles } from '../migration-files';
import { NOW_MS } from './now';
import type { MysqlPool } from './pool';

const FOLDER = join(__dirname, 'migrations');
/** Hosts that start at the same time wait for each other. */
const LOCK_SECONDS = 20;

export const placeOf = (schema: string) => `tables ${schema}_*`;

/**
 * Brings the own tables up to date, every numbered file once, under a lock of the server. A file that was interrupted is
 * run again from its beginning: none of its statements minds.
 *
 * @returns the names of the files that ran.
 * @throws GuardError GUARD_SCHEMA_FOREIGN, GUARD_DATABASE_TOO_OLD; errors of the driver as they come.
 */
export function migrate(pool: MysqlPool, schema: string, clientName: string): Promise<string[]> {
  return pool.use(async (connection) => {
    const lock = await lockName(connection, schema);
    const [taken] = await connection.query<{ taken: number | null }[]>('SELECT GET_LOCK(?, ?) AS taken', [
      lock,
      LOCK_SECONDS,
    ]);
    if (taken?.taken !== 1) throw new Error(`another process has kept the lock ${lock} for ${LOCK_SECONDS} s`);
    try {
      const ran = await runMissing(connection, schema);
      await claim(connection, schema, clientName);
      return ran;
    } finally {
      await connection.query('DO RELEASE_LOCK(?)', [lock]).catch(() => connection.end()); // its end gives the lock back
    }
  });
}

/** Locks belong to the server, not to a database of it, and their names are short. */
async function lockName(connection: Connection, schema: string): Promise<string> {
  const [row] = await connection.query<{ name: string }[]>('SELECT DATABASE() AS name');
  return `evolution_guard_${createHash('sha256').update(`${row?.name}.${schema}`).digest('hex').slice(0, 32)}`;
}

async function runMissing(connection: Connection, schema: string): Promise<string[]> {
  const collation = await findCollation(connection);
  await connection.query(
    `CREATE TABLE IF NOT EXISTS ${schema}_migration (
       version INT NOT NULL PRIMARY KEY, name VARCHAR(200) NOT NULL, checksum CHAR(64) NOT NULL, applied_at BIGINT NOT NULL
     ) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE ${collation}`,
  );
  const applied = await connection.query<{ version: number }[]>(`SELECT version FROM ${schema}_migration`);
  const known = new Set(applied.map(({ version }) => version));
  const missing = migrationFiles(FOLDER).filter(({ version }) => !known.has(version));
  for (const { version, name, sql, checksum } of missing) {
    const text = sql.replaceAll('{schema}', schema).replaceAll('{collation}', collation);
    for (const statement of text.split(/;$/m).filter((part) => part.trim())) await connection.query(statement);
    await connection.query(
      `INSERT INTO ${schema}_migration (version, name, checksum, applied_at) VALUES (?, ?, ?, ${NOW_MS})`,
      [version, name, checksum],
    );
  }
  return missing.map(({ name }) => name);
}

/** The two servers have the same collation under different names; utf8mb4_bin, which both have, ignores spaces at the end. */
async function findCollation(connection: Connection): Promise<string> {
  const [found] = await connection.query<{ name: string }[]>(
    `SELECT COLLATION_NAME AS name FROM information_schema.COLLATIONS
     WHERE COLLATION_NAME IN ('utf8mb4_0900_bin', 'utf8mb4_nopad_bin')`,
  );
  if (found) return found.name;
  const [server] = await connection.query<{ version: string }[]>('SELECT VERSION() AS version');
  throw new GuardError('GUARD_DATABASE_TOO_OLD', `It is ${server?.version}.`);
}

async function claim(connection: Connection, schema: string, clientName: string): Promise<void> {
  await connection.query(
    `INSERT IGNORE INTO ${schema}_installation (id, client_name, created_at) VALUES (1, ?, ${NOW_MS})`,
    [clientName],
  );
  const [row] = await connection.query<{ owner: string }[]>(`SELECT client_name AS owner FROM ${schema}_installation`);
  assertOwn(placeOf(schema), row?.owner, clientName);
}
