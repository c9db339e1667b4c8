import type { UpsertResult } from 'mariadb';
import type { SequenceFilter, SequenceRecord } from '../sequence-store';
import type { MysqlPool } from './pool';
import { asRecord, RECORD, type RecordRow } from './sequence-record';

/** In: id. Out: the row. Locks: none. */
export async function findSequence(pool: MysqlPool, schema: string, id: string): Promise<SequenceRecord | undefined> {
  const [row] = await pool.query<RecordRow[]>(`SELECT ${RECORD} FROM ${schema}_sequence AS s WHERE s.id = ?`, [id]);
  return row && asRecord(row);
}

/** Reads a page. In: filter, seq, limit. Out: rows, the newest first. Locks: none. */
export async function listSequences(
  pool: MysqlPool,
  schema: string,
  { instance, chat, states }: SequenceFilter,
  beforeSeq: number,
  limit: number,
): Promise<SequenceRecord[]> {
  if (states?.length === 0) return [];
  const fields: [string, unknown][] = [
    ['s.instance = ?', instance],
    ['s.chat = ?', chat],
    ['s.state IN (?)', states],
  ];
  const set = fields.filter(([, value]) => value !== undefined);
  const rows = await pool.query<RecordRow[]>(
    `SELECT ${RECORD} FROM ${schema}_sequence AS s
     WHERE ${['s.seq < ?', ...set.map(([condition]) => condition)].join(' AND ')} ORDER BY s.seq DESC LIMIT ?`,
    [beforeSeq, ...set.map(([, value]) => value), limit],
  );
  return rows.map(asRecord);
}

/** Deletes the oldest ended ones. In: milliseconds since 1970, limit. Out: how many went. Locks: the rows deleted. */
export async function purgeSequences(pool: MysqlPool, schema: string, before: number, limit: number): Promise<number> {
  const { affectedRows } = await pool.query<UpsertResult>(
    `DELETE FROM ${schema}_sequence WHERE ended_at < ? ORDER BY ended_at LIMIT ?`,
    [before, limit],
  );
  return affectedRows;
}
