import type { UpsertResult } from 'mariadb';
import { NOW_MS } from './now';
import type { MysqlPool } from './pool';

/** Deletes requests whose window is over, the oldest first. In: milliseconds, limit. Out: how many went. Locks: those. */
export async function purgeRequests(
  pool: MysqlPool,
  schema: string,
  olderThanMs: number,
  limit: number,
): Promise<number> {
  const { affectedRows } = await pool.query<UpsertResult>(
    `DELETE FROM ${schema}_idempotency WHERE created_at < ${NOW_MS} - ? ORDER BY created_at LIMIT ?`,
    [olderThanMs, limit],
  );
  return affectedRows;
}
