import { NOW_MS } from './now';
import type { MysqlPool } from './pool';

const HOUR_MS = 3_600_000;

/**
 * Says that a process is there, and forgets those that have not been heard of for an hour.
 *
 * In: owner (UUID), words for people, expiry in milliseconds by the clock of the database. Out: nothing.
 * Locks: its own row, then those that are forgotten, each for one statement.
 */
export async function enlistSender(
  pool: MysqlPool,
  schema: string,
  owner: string,
  about: string,
  expiryMs: number,
): Promise<void> {
  await pool.query(
    `INSERT INTO ${schema}_send_worker (owner, about, expires_at) VALUES (?, ?, ${NOW_MS} + ?)
     ON DUPLICATE KEY UPDATE about = VALUES(about), expires_at = VALUES(expires_at)`,
    [owner, about, expiryMs],
  );
  await pool.query(`DELETE FROM ${schema}_send_worker WHERE expires_at < ${NOW_MS} - ${HOUR_MS}`);
}

/** Takes a process off the list. In: owner. Out: nothing. Locks: its row. */
export async function resignSender(pool: MysqlPool, schema: string, owner: string): Promise<void> {
  await pool.query(`DELETE FROM ${schema}_send_worker WHERE owner = ?`, [owner]);
}
