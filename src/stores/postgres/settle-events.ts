import type { Pool } from 'pg';
import type { Delivery } from '../outbox-store';

/**
 * Moves waiting rows to the delivered ones, where their partition is still in the hands that delivered them: once it has
 * changed hands, an outcome may speak of a delivery that the new holder, or a replay, has begun anew since.
 *
 * In: owner, seqs, their partitions, their epochs. Out: nothing. Locks: the pending rows, until the end of the statement.
 * The array makes the server look each seq up in the primary key: of a join it knows too little to choose that.
 */
const delivered = (schema: string) => `
WITH gone AS (
  DELETE FROM "${schema}".pending WHERE seq = ANY(ARRAY(
    SELECT seq FROM unnest($2::bigint[], $3::smallint[], $4::bigint[]) AS delivery(seq, partition, epoch)
      JOIN "${schema}".relay_lease USING (partition, epoch)
    WHERE owner = $1
  ))
  RETURNING seq
)
INSERT INTO "${schema}".delivered (seq, delivered_at) SELECT seq, now() FROM gone`;

export async function markDelivered(
  pool: Pool,
  schema: string,
  prepared: boolean,
  owner: string,
  deliveries: readonly Delivery[],
): Promise<void> {
  await pool.query({
    text: delivered(schema),
    values: [
      owner,
      `{${deliveries.map(({ seq }) => seq).join()}}`,
      `{${deliveries.map(({ partition }) => partition).join()}}`,
      `{${deliveries.map(({ epoch }) => epoch).join()}}`,
    ],
    ...(prepared && { name: 'guard-mark' }),
  });
}

/**
 * Counts an attempt that was refused, with its reason. In: seq, reason. Out: nothing. Locks: the row.
 */
export async function countAttempt(pool: Pool, schema: string, seq: number, reason: string): Promise<void> {
  await pool.query(`UPDATE "${schema}".pending SET attempts = attempts + 1, last_error = $2 WHERE seq = $1`, [
    seq,
    reason,
  ]);
}

/**
 * Moves one row to the dead letters, with its reason. In: seq, reason. Out: nothing. Locks: the row.
 */
export async function park(pool: Pool, schema: string, seq: number, reason: string): Promise<void> {
  await pool.query(
    `WITH gone AS (DELETE FROM "${schema}".pending WHERE seq = $1 RETURNING seq, attempts)
     INSERT INTO "${schema}".dead_letter (seq, dead_at, attempts, last_error)
     SELECT seq, now(), attempts + 1, $2 FROM gone`,
    [seq, reason],
  );
}
