import type { MysqlPool } from './pool';

/**
 * Reads the payloads that are kept in pieces.
 *
 * In: seqs. Out: texts by seq. Locks: none. Each piece is a row, and so a packet, of its own.
 */
export async function readParts(
  pool: MysqlPool,
  schema: string,
  seqs: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  if (seqs.length === 0) return new Map();
  const rows = await pool.query<{ seq: number; body: Buffer }[]>(
    `SELECT seq, body FROM ${schema}_payload_part WHERE seq IN (?) ORDER BY seq, part`,
    [seqs],
  );
  const pieces = new Map<number, Buffer[]>();
  for (const { seq, body } of rows) pieces.set(seq, [...(pieces.get(seq) ?? []), body]);
  return new Map([...pieces].map(([seq, bodies]) => [seq, Buffer.concat(bodies).toString()]));
}
