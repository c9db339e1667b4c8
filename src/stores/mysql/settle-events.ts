import type { Delivery } from '../outbox-store';
import { NOW_MS } from './now';
import type { MysqlPool } from './pool';
import { transact } from './transact';

/**
 * Moves waiting rows to the delivered ones, where their partition is still in the hands that delivered them: once it has
 * changed hands, an outcome may speak of a delivery that the new holder, or a replay, has begun anew since.
 *
 * In: owner, seqs, their partitions, their epochs. Out: nothing. Locks: the pending rows, in the order of seq, for two
 * trips; the leases are read, not locked.
 */
export async function markDelivered(
  pool: MysqlPool,
  schema: string,
  owner: string,
  deliveries: readonly Delivery[],
): Promise<void> {
  const epochs = latestEpochs(deliveries);
  const current = deliveries.filter(({ partition, epoch }) => epochs.get(partition) === epoch);
  if (current.length === 0) return;
  await transact<{ seq: number }>(pool, {
    choose: [
      {
        sql: `SELECT seq FROM ${schema}_pending
              WHERE seq IN (?) AND partition_no IN (
                SELECT partition_no FROM ${schema}_relay_lease
                WHERE owner = ? AND (partition_no, epoch) IN (${[...epochs].map(() => '(?,?)').join()})
              ) ORDER BY seq FOR UPDATE`,
        values: [current.map(({ seq }) => seq), owner, ...[...epochs].flat()],
      },
    ],
    change(rows) {
      if (rows.length === 0) return [];
      const seqs = rows.map(({ seq }) => seq);
      return [
        {
          sql: `INSERT INTO ${schema}_delivered (seq, delivered_at)
                SELECT seq, ${NOW_MS} FROM ${schema}_pending WHERE seq IN (?)`,
          values: [seqs],
        },
        { sql: `DELETE FROM ${schema}_pending WHERE seq IN (?)`, values: [seqs] },
      ];
    },
  });
}

/** Of each partition the highest epoch: it only rises, so what was delivered under a lower one is out of date. */
function latestEpochs(deliveries: readonly Delivery[]): Map<number, number> {
  const epochs = new Map<number, number>();
  for (const { partition, epoch } of deliveries) epochs.set(partition, Math.max(epoch, epochs.get(partition) ?? epoch));
  return epochs;
}

/**
 * Counts an attempt that was refused, with its reason. In: seq, reason. Out: nothing. Locks: the row.
 */
export async function countAttempt(pool: MysqlPool, schema: string, seq: number, reason: string): Promise<void> {
  await pool.query(`UPDATE ${schema}_pending SET attempts = attempts + 1, last_error = ? WHERE seq = ?`, [reason, seq]);
}

/**
 * Moves one row to the dead letters, with its reason. In: seq, reason. Out: nothing. Locks: the row.
 */
export async function park(pool: MysqlPool, schema: string, seq: number, reason: string): Promise<void> {
  await transact<{ attempts: number }>(pool, {
    choose: [{ sql: `SELECT attempts FROM ${schema}_pending WHERE seq = ? FOR UPDATE`, values: [seq] }],
    change: (rows) =>
      rows.flatMap(({ attempts }) => [
        {
          sql: `INSERT INTO ${schema}_dead_letter (seq, dead_at, attempts, last_error) VALUES (?, ${NOW_MS}, ?, ?)`,
          values: [seq, attempts + 1, reason],
        },
        { sql: `DELETE FROM ${schema}_pending WHERE seq = ?`, values: [seq] },
      ]),
  });
}
