import type { Pool } from 'pg';

/**
 * Says that a process is there, and forgets those that have not been heard of for an hour.
 *
 * In: owner (UUID), words for people, expiry in milliseconds by the clock of the database. Out: nothing.
 * Locks: its own row, and those that are forgotten.
 */
export async function enlistSender(
  pool: Pool,
  schema: string,
  owner: string,
  about: string,
  expiryMs: number,
): Promise<void> {
  await pool.query(
    `WITH forgotten AS (
       DELETE FROM "${schema}".send_worker WHERE expires_at < now() - interval '1 hour' AND owner <> $1
     )
     INSERT INTO "${schema}".send_worker (owner, about, expires_at)
     VALUES ($1, $2, now() + $3 * interval '1 millisecond')
     ON CONFLICT (owner) DO UPDATE SET about = EXCLUDED.about, expires_at = EXCLUDED.expires_at`,
    [owner, about, expiryMs],
  );
}

/** Takes a process off the list. In: owner. Out: nothing. Locks: its row. */
export async function resignSender(pool: Pool, schema: string, owner: string): Promise<void> {
  await pool.query(`DELETE FROM "${schema}".send_worker WHERE owner = $1`, [owner]);
}
