import type { Pool } from 'pg';
import type { HistoryEntry, InstanceStore } from '../instance-store';

type HistoryRow = Omit<HistoryEntry, 'seq' | 'at' | 'version'> & { seq: string; at: Date; version: string | null };

/** In: instance, name, event, reason. Out: nothing. Locks: the row written. */
export async function noteHistory(
  pool: Pool,
  schema: string,
  { instanceId, name, event, reason }: Parameters<InstanceStore['note']>[0],
): Promise<void> {
  await pool.query(
    `INSERT INTO "${schema}".instance_history (instance_id, name, at, event, reason) VALUES ($1, $2, now(), $3, $4)`,
    [instanceId, name, event, reason],
  );
}

/** Reads a page. In: instance, seq, limit. Out: rows, the newest first. Locks: none. */
export async function readHistory(
  pool: Pool,
  schema: string,
  instanceId: string,
  beforeSeq: number,
  limit: number,
): Promise<HistoryEntry[]> {
  const { rows } = await pool.query<HistoryRow>(
    `SELECT seq, instance_id AS "instanceId", name, at, event, reason, version FROM "${schema}".instance_history
     WHERE instance_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3`,
    [instanceId, beforeSeq, limit],
  );
  return rows.map(({ seq, at, version, ...row }) => ({
    ...row,
    seq: Number(seq),
    at: at.getTime(),
    version: version === null ? null : Number(version),
  }));
}

/** What is kept for people alone, and the column that tells since when. */
const AGEING = [
  ['instance_history', 'at'],
  ['instance_operation', 'ended_at'],
] as const;

/**
 * Deletes the oldest lines, and work that has ended. In: milliseconds since 1970, limit. Out: how many went.
 * Locks: the rows deleted; those that somebody changes at this moment are left for the next time.
 */
export async function purgeHistory(pool: Pool, schema: string, before: number, limit: number): Promise<number> {
  let gone = 0;
  for (const [table, since] of AGEING) {
    const { rowCount } = await pool.query(
      `DELETE FROM "${schema}".${table} WHERE ctid = ANY(ARRAY(
         SELECT ctid FROM "${schema}".${table} WHERE ${since} < to_timestamp($1 / 1000.0)
         ORDER BY ${since} LIMIT $2 FOR UPDATE SKIP LOCKED
       ))`,
      [before, limit - gone],
    );
    gone += rowCount ?? 0;
  }
  return gone;
}
