import type { UpsertResult } from 'mariadb';
import type { HistoryEntry, InstanceStore } from '../instance-store';
import { NOW_MS } from './now';
import type { MysqlPool } from './pool';

/** In: instance, name, event, reason. Out: nothing. Locks: the row written. */
export async function noteHistory(
  pool: MysqlPool,
  schema: string,
  { instanceId, name, event, reason }: Parameters<InstanceStore['note']>[0],
): Promise<void> {
  await pool.query(
    `INSERT INTO ${schema}_instance_history (instance_id, name, at, event, reason) VALUES (?, ?, ${NOW_MS}, ?, ?)`,
    [instanceId, name, event, reason],
  );
}

/** Reads a page. In: instance, seq, limit. Out: rows, the newest first. Locks: none. */
export function readHistory(
  pool: MysqlPool,
  schema: string,
  instanceId: string,
  beforeSeq: number,
  limit: number,
): Promise<HistoryEntry[]> {
  return pool.query<HistoryEntry[]>(
    `SELECT seq, instance_id AS instanceId, name, at, event, reason, version FROM ${schema}_instance_history
     WHERE instance_id = ? AND seq < ? ORDER BY seq DESC LIMIT ?`,
    [instanceId, beforeSeq, limit],
  );
}

/** What is kept for people alone, and the column that tells since when. */
const AGEING = [
  ['instance_history', 'at'],
  ['instance_operation', 'ended_at'],
] as const;

/**
 * Deletes the oldest lines, and work that has ended. In: milliseconds since 1970, limit. Out: how many went.
 * Locks: the rows deleted.
 */
export async function purgeHistory(pool: MysqlPool, schema: string, before: number, limit: number): Promise<number> {
  let gone = 0;
  for (const [table, since] of AGEING) {
    const { affectedRows } = await pool.query<UpsertResult>(
      `DELETE FROM ${schema}_${table} WHERE ${since} < ? ORDER BY ${since} LIMIT ?`,
      [before, limit - gone],
    );
    gone += affectedRows;
  }
  return gone;
}
