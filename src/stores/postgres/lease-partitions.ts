import type { Pool } from 'pg';

/**
 * Takes every partition that is free, expired or already ours, and renews it.
 *
 * In: owner (UUID), length in milliseconds by the clock of the database. Out: the partitions held.
 * Locks: the rows taken; those that another relay is taking at this moment are skipped, not waited for.
 */
export async function leasePartitions(pool: Pool, schema: string, owner: string, leaseMs: number): Promise<number[]> {
  const { rows } = await pool.query<{ partition: number }>(
    `UPDATE "${schema}".relay_lease AS lease
     SET epoch = lease.epoch + CASE WHEN lease.owner = $1 AND lease.expires_at >= now() THEN 0 ELSE 1 END,
         owner = $1, expires_at = now() + $2 * interval '1 millisecond'
     FROM (
       SELECT partition FROM "${schema}".relay_lease
       WHERE owner = $1 OR expires_at < now() ORDER BY partition FOR UPDATE SKIP LOCKED
     ) AS free
     WHERE lease.partition = free.partition
     RETURNING lease.partition`,
    [owner, leaseMs],
  );
  return rows.map((row) => row.partition);
}

/** Gives all partitions of an owner back, so that another relay need not wait for the expiry. Locks: those rows. */
export async function releasePartitions(pool: Pool, schema: string, owner: string): Promise<void> {
  await pool.query(`UPDATE "${schema}".relay_lease SET owner = NULL, expires_at = '-infinity' WHERE owner = $1`, [
    owner,
  ]);
}
