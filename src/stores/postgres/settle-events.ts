import type { Pool } from 'pg';

/**
 * Marks rows as delivered. Unconditional on the lease: the sink has confirmed them, whoever holds the partition now.
 *
 * In: seqs. Out: nothing. Locks: the rows, until the end of the statement.
 */
export async function markDelivered(pool: Pool, schema: string, seqs: readonly number[]): Promise<void> {
  await pool.query(
    `UPDATE "${schema}".outbox SET delivered_at = now(), dead_at = NULL WHERE seq = ANY($1::bigint[]) AND delivered_at IS NULL`,
    [seqs],
  );
}

/**
 * Moves one row to the dead letters, with its reason.
 *
 * In: seq, reason. Out: nothing. Locks: the row.
 */
export async function park(pool: Pool, schema: string, seq: number, reason: string): Promise<void> {
  await pool.query(
    `UPDATE "${schema}".outbox SET dead_at = now(), attempts = attempts + 1, last_error = $2
     WHERE seq = $1 AND delivered_at IS NULL`,
    [seq, reason],
  );
}
