import { join } from 'node:path';
import type { Pool, PoolClient } from 'pg';
import { assertOwn } from '../engine';
import { migrationFiles } from '../migration-files';

const FOLDER = join(__dirname, 'migrations');

/**
 * Brings the own schema up to date: every numbered file once, all in one transaction under an advisory lock that is
 * bound to the transaction (so it also works behind PgBouncer in transaction mode).
 *
 * @returns the names of the files that ran.
 * @throws GuardError GUARD_SCHEMA_FOREIGN where the schema belongs to another installation; driver errors as they come.
 */
export async function migrate(pool: Pool, schema: string, clientName: string): Promise<string[]> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`evolution-guard ${schema}`]);
    await ensureSchema(client, schema);
    await client.query(`SET LOCAL search_path TO "${schema}"`);
    const ran = await runMissing(client);
    await claim(client, schema, clientName);
    await client.query('COMMIT');
    return ran;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined); // the connection may be what failed
    throw error;
  } finally {
    client.release();
  }
}

/** Asked first: CREATE SCHEMA IF NOT EXISTS wants the right to create even where the schema is there. */
async function ensureSchema(client: PoolClient, schema: string): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema]);
  if (rowCount === 0) await client.query(`CREATE SCHEMA "${schema}"`);
}

async function runMissing(client: PoolClient): Promise<string[]> {
  await client.query(
    `CREATE TABLE IF NOT EXISTS migration (
       version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
  );
  const applied = await client.query<{ version: number }>('SELECT version FROM migration');
  const known = new Set(applied.rows.map((row) => row.version));
  const missing = migrationFiles(FOLDER).filter((migration) => !known.has(migration.version));
  for (const { version, name, sql, checksum } of missing) {
    await client.query(sql);
    await client.query('INSERT INTO migration (version, name, checksum) VALUES ($1, $2, $3)', [
      version,
      name,
      checksum,
    ]);
  }
  return missing.map((migration) => migration.name);
}

async function claim(client: PoolClient, schema: string, clientName: string): Promise<void> {
  await client.query('INSERT INTO installation (id, client_name) VALUES (1, $1) ON CONFLICT DO NOTHING', [clientName]);
  const { rows } = await client.query<{ client_name: string }>('SELECT client_name FROM installation');
  assertOwn(`tables of schema ${schema}`, rows[0]?.client_name, clientName);
}
