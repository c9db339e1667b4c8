import type { UpsertResult } from 'mariadb';
import type { Lease } from '../outbox-store';
import { NOW_MS } from './now';
import type { MysqlPool } from './pool';

const MINUTE_MS = 60_000;

/**
 * Says that a process is there, and forgets those that have not been heard of for a minute.
 *
 * In: owner (UUID), expiry in milliseconds by the clock of the database. Out: how many are there.
 * Locks: its own row, then those that are forgotten, each for one statement.
 */
export async function enlist(pool: MysqlPool, schema: string, owner: string, expiryMs: number): Promise<number> {
  await pool.query(
    `INSERT INTO ${schema}_relay (owner, expires_at) VALUES (?, ${NOW_MS} + ?)
     ON DUPLICATE KEY UPDATE expires_at = VALUES(expires_at)`,
    [owner, expiryMs],
  );
  await pool.query(`DELETE FROM ${schema}_relay WHERE expires_at < ${NOW_MS} - ${MINUTE_MS}`);
  const [row] = await pool.query<{ others: number }[]>(
    `SELECT COUNT(*) AS others FROM ${schema}_relay WHERE owner <> ? AND expires_at >= ${NOW_MS}`,
    [owner],
  );
  return 1 + (row?.others ?? 0);
}

/**
 * Renews the partitions of an owner, and takes free or expired ones as long as it holds fewer than `most`.
 *
 * In: owner, length in milliseconds by the clock of the database, most. Out: the partitions held, each with its epoch,
 * which stays the same as long as nobody else has held it.
 * Locks: the rows, each for one statement, so that a process that stands still keeps nobody waiting. Who takes a row at
 * the same moment as another looks at it again under its lock, and finds it taken: SKIP LOCKED, which MariaDB has from
 * 10.6 only, would save no more than that wait.
 */
export async function leasePartitions(
  pool: MysqlPool,
  schema: string,
  owner: string,
  leaseMs: number,
  most: number,
): Promise<Lease[]> {
  const own = await pool.query<UpsertResult>(
    `UPDATE ${schema}_relay_lease SET expires_at = ${NOW_MS} + ? WHERE owner = ? ORDER BY partition_no`,
    [leaseMs, owner],
  );
  if (own.affectedRows < most) {
    await pool.query(
      `UPDATE ${schema}_relay_lease SET epoch = epoch + 1, owner = ?, expires_at = ${NOW_MS} + ?
       WHERE (owner IS NULL OR owner <> ?) AND expires_at <= ${NOW_MS} ORDER BY RAND() LIMIT ?`,
      [owner, leaseMs, owner, most - own.affectedRows],
    );
  }
  return pool.query<Lease[]>(`SELECT partition_no AS \`partition\`, epoch FROM ${schema}_relay_lease WHERE owner = ?`, [
    owner,
  ]);
}

/**
 * Gives partitions of an owner back, so that another relay need not wait for the expiry.
 *
 * In: owner, partitions. Out: nothing. Locks: those rows.
 */
export async function releasePartitions(
  pool: MysqlPool,
  schema: string,
  owner: string,
  partitions: readonly number[],
): Promise<void> {
  if (partitions.length === 0) return;
  await pool.query(
    `UPDATE ${schema}_relay_lease SET owner = NULL, expires_at = 0 WHERE owner = ? AND partition_no IN (?)`,
    [owner, partitions],
  );
}

/** Gives everything of an owner back, and takes it off the list. In: owner. Out: nothing. Locks: those rows. */
export async function resign(pool: MysqlPool, schema: string, owner: string): Promise<void> {
  await pool.query(`UPDATE ${schema}_relay_lease SET owner = NULL, expires_at = 0 WHERE owner = ?`, [owner]);
  await pool.query(`DELETE FROM ${schema}_relay WHERE owner = ?`, [owner]);
}
