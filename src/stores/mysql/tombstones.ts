import type { Tombstone } from '../instance-store';
import { removeArchives } from './credential-archives';
import { StatementError } from './errors';
import { NOW_MS } from './now';
import type { MysqlPool } from './pool';
import { transact } from './transact';

const RECORD = `instance_id AS instanceId, name, token, client_name AS clientName, integration, deleted_at AS deletedAt,
  purge_after AS purgeAfter, archive_id AS archiveId`;

/** In: what follows WHERE, and its values. Out: the rows. Locks: none. */
const select = (pool: MysqlPool, schema: string, rest: string, values: readonly unknown[]): Promise<Tombstone[]> =>
  pool.query<Tombstone[]>(`SELECT ${RECORD} FROM ${schema}_tombstone WHERE ${rest}`, values);

/** In: the tombstone, milliseconds until it is due. Out: nothing. Locks: the row written; one that is there stays as it is. */
export async function bury(
  pool: MysqlPool,
  schema: string,
  { instanceId, name, token, clientName, integration, archiveId }: Omit<Tombstone, 'deletedAt' | 'purgeAfter'>,
  retentionMs: number,
): Promise<void> {
  try {
    await pool.query(
      `INSERT INTO ${schema}_tombstone
         (instance_id, name, token, client_name, integration, deleted_at, purge_after, archive_id)
       VALUES (?, ?, ?, ?, ?, ${NOW_MS}, ${NOW_MS} + ?, ?)`,
      [instanceId, name, token, clientName, integration, retentionMs, archiveId],
    );
  } catch (error) {
    if (!(error instanceof StatementError && error.isDuplicate)) throw error;
  }
}

export const listTombstones = (pool: MysqlPool, schema: string): Promise<Tombstone[]> =>
  select(pool, schema, 'TRUE ORDER BY deleted_at DESC', []);

export const findTombstones = (pool: MysqlPool, schema: string, idOrName: string): Promise<Tombstone[]> =>
  select(pool, schema, 'instance_id = ? OR name = ? ORDER BY deleted_at DESC', [idOrName, idOrName]);

export const dueTombstones = (pool: MysqlPool, schema: string, limit: number): Promise<Tombstone[]> =>
  select(pool, schema, `purge_after <= ${NOW_MS} ORDER BY purge_after LIMIT ?`, [limit]);

/** In: instance. Out: nothing. Locks: the row deleted. */
export async function unbury(pool: MysqlPool, schema: string, instanceId: string): Promise<void> {
  await pool.query(`DELETE FROM ${schema}_tombstone WHERE instance_id = ?`, [instanceId]);
}

/** Deletes what is kept of an instance but its history. In: instance. Out: nothing. Locks: those rows. */
export async function forget(pool: MysqlPool, schema: string, instanceId: string): Promise<void> {
  await transact<{ id: string }>(pool, {
    choose: [
      { sql: `SELECT id FROM ${schema}_credential_archive WHERE instance_id = ? FOR UPDATE`, values: [instanceId] },
    ],
    change: (archives) => [
      ...removeArchives(
        schema,
        archives.map(({ id }) => id),
      ),
      ...['instance_state', 'tombstone'].map((table) => ({
        sql: `DELETE FROM ${schema}_${table} WHERE instance_id = ?`,
        values: [instanceId],
      })),
    ],
  });
}
