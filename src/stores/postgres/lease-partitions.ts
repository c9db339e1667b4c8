import type { Pool } from 'pg';
import type { Lease } from '../outbox-store';

/**
 * Says that a process is there, and forgets those that have not been heard of for a minute.
 *
 * In: owner (UUID), expiry in milliseconds by the clock of the database. Out: how many are there.
 * Locks: its own row, and those that are forgotten.
 */
export async function enlist(pool: Pool, schema: string, owner: string, expiryMs: number): Promise<number> {
  const { rows } = await pool.query<{ others: number }>(
    `WITH self AS (
       INSERT INTO "${schema}".relay (owner, expires_at) VALUES ($1, now() + $2 * interval '1 millisecond')
       ON CONFLICT (owner) DO UPDATE SET expires_at = EXCLUDED.expires_at
     ), forgotten AS (
       DELETE FROM "${schema}".relay WHERE expires_at < now() - interval '1 minute'
     )
     SELECT count(*)::integer AS others FROM "${schema}".relay WHERE owner <> $1 AND expires_at >= now()`,
    [owner, expiryMs],
  );
  return 1 + (rows[0]?.others ?? 0);
}

/**
 * Renews the partitions of an owner, and takes free or expired ones as long as it holds fewer than `most`.
 *
 * In: owner, length in milliseconds by the clock of the database, most. Out: the partitions held, each with its epoch,
 * which stays the same as long as nobody else has held it.
 * Locks: the rows taken; those that another relay is taking at this moment are skipped, not waited for.
 */
export async function leasePartitions(
  pool: Pool,
  schema: string,
  owner: string,
  leaseMs: number,
  most: number,
): Promise<Lease[]> {
  const { rows } = await pool.query<{ partition: number; epoch: string }>(
    `WITH own AS (
       SELECT partition FROM "${schema}".relay_lease WHERE owner = $1 ORDER BY partition FOR UPDATE
     ), free AS (
       SELECT partition FROM "${schema}".relay_lease
       WHERE owner IS DISTINCT FROM $1 AND expires_at < now()
       ORDER BY random() LIMIT greatest(0, $3 - (SELECT count(*) FROM own)) FOR UPDATE SKIP LOCKED
     )
     UPDATE "${schema}".relay_lease AS lease
     SET epoch = lease.epoch + CASE WHEN lease.owner = $1 THEN 0 ELSE 1 END,
         owner = $1, expires_at = now() + $2 * interval '1 millisecond'
     FROM (SELECT partition FROM own UNION ALL SELECT partition FROM free) AS mine
     WHERE lease.partition = mine.partition
     RETURNING lease.partition, lease.epoch`,
    [owner, leaseMs, most],
  );
  return rows.map(({ partition, epoch }) => ({ partition, epoch: Number(epoch) }));
}

/**
 * Gives partitions of an owner back, so that another relay need not wait for the expiry.
 *
 * In: owner, partitions. Out: nothing. Locks: those rows.
 */
export async function releasePartitions(
  pool: Pool,
  schema: string,
  owner: string,
  partitions: readonly number[],
): Promise<void> {
  await pool.query(
    `UPDATE "${schema}".relay_lease SET owner = NULL, expires_at = '-infinity'
     WHERE owner = $1 AND partition = ANY($2::smallint[])`,
    [owner, partitions],
  );
}

/** Gives everything of an owner back, and takes it off the list. In: owner. Out: nothing. Locks: those rows. */
export async function resign(pool: Pool, schema: string, owner: string): Promise<void> {
  await pool.query(
    `WITH left_list AS (DELETE FROM "${schema}".relay WHERE owner = $1)
     UPDATE "${schema}".relay_lease SET owner = NULL, expires_at = '-infinity' WHERE owner = $1`,
    [owner],
  );
}
