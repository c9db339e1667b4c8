import type { Pool } from 'pg';
import type { Tombstone } from '../instance-store';

const RECORD = `instance_id AS "instanceId", name, token, client_name AS "clientName", integration,
  deleted_at AS "deletedAt", purge_after AS "purgeAfter", archive_id AS "archiveId"`;

type TombstoneRow = Omit<Tombstone, 'deletedAt' | 'purgeAfter'> & { deletedAt: Date; purgeAfter: Date };

/** In: what follows WHERE, and its values. Out: the rows. Locks: none. */
async function select(pool: Pool, schema: string, rest: string, values: readonly unknown[]): Promise<Tombstone[]> {
  const { rows } = await pool.query<TombstoneRow>(`SELECT ${RECORD} FROM "${schema}".tombstone WHERE ${rest}`, [
    ...values,
  ]);
  return rows.map(({ deletedAt, purgeAfter, ...row }) => ({
    ...row,
    deletedAt: deletedAt.getTime(),
    purgeAfter: purgeAfter.getTime(),
  }));
}

/** In: the tombstone, milliseconds until it is due. Out: nothing. Locks: the row written; one that is there stays as it is. */
export async function bury(
  pool: Pool,
  schema: string,
  { instanceId, name, token, clientName, integration, archiveId }: Omit<Tombstone, 'deletedAt' | 'purgeAfter'>,
  retentionMs: number,
): Promise<void> {
  await pool.query(
    `INSERT INTO "${schema}".tombstone
       (instance_id, name, token, client_name, integration, deleted_at, purge_after, archive_id)
     VALUES ($1, $2, $3, $4, $5, now(), now() + $6 * interval '1 millisecond', $7) ON CONFLICT (instance_id) DO NOTHING`,
    [instanceId, name, token, clientName, integration, retentionMs, archiveId],
  );
}

export const listTombstones = (pool: Pool, schema: string): Promise<Tombstone[]> =>
  select(pool, schema, 'true ORDER BY deleted_at DESC', []);

export const findTombstones = (pool: Pool, schema: string, idOrName: string): Promise<Tombstone[]> =>
  select(pool, schema, 'instance_id = $1 OR name = $1 ORDER BY deleted_at DESC', [idOrName]);

export const dueTombstones = (pool: Pool, schema: string, limit: number): Promise<Tombstone[]> =>
  select(pool, schema, 'purge_after <= now() ORDER BY purge_after LIMIT $1', [limit]);

/** In: instance. Out: nothing. Locks: the row deleted. */
export async function unbury(pool: Pool, schema: string, instanceId: string): Promise<void> {
  await pool.query(`DELETE FROM "${schema}".tombstone WHERE instance_id = $1`, [instanceId]);
}

/** Deletes what is kept of an instance but its history, in one statement. In: instance. Out: nothing. Locks: those rows. */
export async function forget(pool: Pool, schema: string, instanceId: string): Promise<void> {
  await pool.query(
    `WITH archives AS (
       DELETE FROM "${schema}".credential_archive WHERE instance_id = $1 RETURNING id
     ), parts AS (
       DELETE FROM "${schema}".credential_archive_part WHERE archive_id IN (SELECT id FROM archives)
     ), states AS (
       DELETE FROM "${schema}".instance_state WHERE instance_id = $1
     )
     DELETE FROM "${schema}".tombstone WHERE instance_id = $1`,
    [instanceId],
  );
}
