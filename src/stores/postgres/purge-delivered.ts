import type { Pool } from 'pg';

/**
 * Deletes rows that were delivered before a time, oldest first, at most `limit` of them.
 *
 * In: milliseconds since 1970, limit. Out: how many went. Locks: the rows deleted. Walks the index outbox_delivered.
 */
export async function purgeDelivered(pool: Pool, schema: string, before: number, limit: number): Promise<number> {
  const { rowCount } = await pool.query(
    `DELETE FROM "${schema}".outbox WHERE seq = ANY(ARRAY(
       SELECT seq FROM "${schema}".outbox WHERE delivered_at < to_timestamp($1 / 1000.0) ORDER BY delivered_at LIMIT $2))`,
    [before, limit],
  );
  return rowCount ?? 0;
}
