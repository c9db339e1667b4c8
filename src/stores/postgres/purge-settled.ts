import type { Pool } from 'pg';

/**
 * Deletes events that have been in one of the two final states since before a time, the oldest first.
 *
 * In: milliseconds since 1970, limit. Out: how many went. Locks: the rows deleted, in both tables; none that capture or
 * the relay touch. Walks the index of the state by time, then the primary key of outbox.
 */
const purge = (schema: string, table: 'delivered' | 'dead_letter', since: 'delivered_at' | 'dead_at') => `
WITH old AS (
  SELECT seq FROM "${schema}".${table} WHERE ${since} < to_timestamp($1 / 1000.0) ORDER BY ${since} LIMIT $2
  FOR UPDATE SKIP LOCKED
), forgotten AS (
  DELETE FROM "${schema}".${table} AS state USING old WHERE state.seq = old.seq
)
DELETE FROM "${schema}".outbox AS o USING old WHERE o.seq = old.seq`;

export async function purgeDelivered(pool: Pool, schema: string, before: number, limit: number): Promise<number> {
  return (await pool.query(purge(schema, 'delivered', 'delivered_at'), [before, limit])).rowCount ?? 0;
}

export async function purgeDead(pool: Pool, schema: string, before: number, limit: number): Promise<number> {
  return (await pool.query(purge(schema, 'dead_letter', 'dead_at'), [before, limit])).rowCount ?? 0;
}
