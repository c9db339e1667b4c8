import type { Pool } from 'pg';

/**
 * The first and the last seq of the outbox; 0 and 0 where it is empty.
 *
 * In: nothing. Out: both. Locks: none. Two looks at the ends of the primary key; Prisma's aggregate reads all rows.
 */
export async function readExtent(pool: Pool, schema: string): Promise<{ firstSeq: number; lastSeq: number }> {
  const { rows } = await pool.query<{ first: string | null; last: string | null }>(
    `SELECT min(seq) AS first, max(seq) AS last FROM "${schema}".outbox`,
  );
  return { firstSeq: Number(rows[0]?.first ?? 0), lastSeq: Number(rows[0]?.last ?? 0) };
}
