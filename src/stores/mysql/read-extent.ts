import type { Backlog } from '../outbox-store';
import type { MysqlPool } from './pool';

/**
 * The first and the last seq of the outbox; 0 and 0 where it is empty.
 *
 * In: nothing. Out: both. Locks: none. Two looks at the ends of the primary key.
 */
export async function readExtent(pool: MysqlPool, schema: string): Promise<{ firstSeq: number; lastSeq: number }> {
  const [row] = await pool.query<{ firstSeq: number | null; lastSeq: number | null }[]>(
    `SELECT MIN(seq) AS firstSeq, MAX(seq) AS lastSeq FROM ${schema}_outbox`,
  );
  return { firstSeq: row?.firstSeq ?? 0, lastSeq: row?.lastSeq ?? 0 };
}

/**
 * Counts what waits and what is dead. In: nothing. Out: both, and the oldest that waits. Locks: none. Walks an index of
 * each of the two tables.
 */
export async function readBacklog(pool: MysqlPool, schema: string): Promise<Backlog> {
  const [row] = await pool.query<{ pending: number; dead: number; oldestCapturedAt: number | null }[]>(
    `SELECT (SELECT COUNT(*) FROM ${schema}_pending) AS pending, (SELECT COUNT(*) FROM ${schema}_dead_letter) AS dead,
            (SELECT captured_at FROM ${schema}_outbox WHERE seq = (SELECT MIN(seq) FROM ${schema}_pending))
              AS oldestCapturedAt`,
  );
  return { pending: row?.pending ?? 0, dead: row?.dead ?? 0, oldestCapturedAt: row?.oldestCapturedAt ?? undefined };
}
