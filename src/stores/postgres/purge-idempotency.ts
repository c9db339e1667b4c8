import type { Pool } from 'pg';

/**
 * Deletes requests whose window is over, the oldest first. In: milliseconds, limit. Out: how many went.
 * Locks: the rows deleted; those that somebody changes at this moment are left for the next time.
 */
export async function purgeRequests(pool: Pool, schema: string, olderThanMs: number, limit: number): Promise<number> {
  const { rowCount } = await pool.query(
    `DELETE FROM "${schema}".idempotency WHERE request_id = ANY(ARRAY(
       SELECT request_id FROM "${schema}".idempotency WHERE created_at < now() - $1 * interval '1 millisecond'
       ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED
     ))`,
    [olderThanMs, limit],
  );
  return rowCount ?? 0;
}
