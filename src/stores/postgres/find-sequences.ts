import type { Pool } from 'pg';
import type { SequenceFilter, SequenceRecord } from '../sequence-store';
import { asRecord, RECORD, type RecordRow } from './sequence-record';

/** In: id. Out: the row. Locks: none. */
export async function findSequence(pool: Pool, schema: string, id: string): Promise<SequenceRecord | undefined> {
  const { rows } = await pool.query<RecordRow>(`SELECT ${RECORD} FROM "${schema}".sequence AS s WHERE id = $1`, [id]);
  return rows[0] && asRecord(rows[0]);
}

/**
 * Reads a page. In: filter, seq, limit. Out: rows, the newest first. Locks: none.
 * Only the conditions that are asked for are in the text, so that the server sees which index fits.
 */
export async function listSequences(
  pool: Pool,
  schema: string,
  { instance, chat, states }: SequenceFilter,
  beforeSeq: number,
  limit: number,
): Promise<SequenceRecord[]> {
  const fields: [string, unknown][] = [
    ['instance = ', instance],
    ['chat = ', chat],
    ['state = ANY', states],
  ];
  const set = fields.filter(([, value]) => value !== undefined);
  const conditions = set.map(([condition], index) => `AND ${condition}($${index + 3})`).join(' ');
  const { rows } = await pool.query<RecordRow>(
    `SELECT ${RECORD} FROM "${schema}".sequence AS s WHERE seq < $1 ${conditions} ORDER BY seq DESC LIMIT $2`,
    [beforeSeq, limit, ...set.map(([, value]) => value)],
  );
  return rows.map(asRecord);
}

/** Deletes the oldest ended ones. In: milliseconds since 1970, limit. Out: how many went. Locks: the rows deleted. */
export async function purgeSequences(pool: Pool, schema: string, before: number, limit: number): Promise<number> {
  const { rowCount } = await pool.query(
    `DELETE FROM "${schema}".sequence WHERE seq = ANY(ARRAY(
       SELECT seq FROM "${schema}".sequence WHERE ended_at < to_timestamp($1 / 1000.0)
       ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED
     ))`,
    [before, limit],
  );
  return rowCount ?? 0;
}
