import type { Pool } from 'pg';
import { phasesOf } from '../send-phases';
import type { SendFilter, SendRecord } from '../send-store';
import { asRecord, RECORD, type RecordRow } from './send-record';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MOST_FOUND = 20;

/** Reads what has one of the two ids. In: id. Out: rows, the newest first. Locks: none. */
export async function findSends(pool: Pool, schema: string, id: string): Promise<SendRecord[]> {
  const { rows } = await pool.query<RecordRow>(
    `SELECT ${RECORD} FROM "${schema}".send AS s WHERE seq = ANY(ARRAY(
       (SELECT seq FROM "${schema}".send WHERE message_id = $1 ORDER BY seq DESC LIMIT ${MOST_FOUND})
       UNION (SELECT seq FROM "${schema}".send WHERE send_id = $2::uuid)
     )) ORDER BY seq DESC LIMIT ${MOST_FOUND}`,
    [id, UUID.test(id) ? id : null],
  );
  return rows.map(asRecord);
}

/** The server would rather walk the whole journal in its order, and leave out what has come to its end. */
const unsettled = (schema: string, phases: readonly string[]) => `(
    SELECT seq FROM "${schema}".unsettled_send
    WHERE seq < $1 AND phase IN (${phases.map((phase) => `'${phase}'`).join()}) ORDER BY seq DESC OFFSET 0
  ) AS u CROSS JOIN LATERAL (SELECT * FROM "${schema}".send WHERE send.seq = u.seq LIMIT 1) AS s`;

/**
 * Reads a page of the journal. In: filter, seq, limit. Out: rows, the newest first. Locks: none.
 * Only the conditions that are asked for are in the text, so that the server sees which index fits; states that few
 * sends are in are looked for where only those are.
 */
export async function listSends(
  pool: Pool,
  schema: string,
  { instance, chat, states }: SendFilter,
  beforeSeq: number,
  limit: number,
): Promise<SendRecord[]> {
  if (states?.length === 0) return [];
  const phases = phasesOf(states);
  const fields: [string, unknown][] = [
    ['s.instance = ', instance],
    ['s.chat = ', chat],
    ['s.state = ANY', states],
  ];
  const set = fields.filter(([, value]) => value !== undefined);
  const conditions = set.map(([condition], index) => `AND ${condition}($${index + 3})`).join(' ');
  const { rows } = await pool.query<RecordRow>(
    `SELECT ${RECORD} FROM ${phases ? unsettled(schema, phases) : `"${schema}".send AS s`}
     WHERE s.seq < $1 ${conditions} ORDER BY ${phases ? 'u' : 's'}.seq DESC LIMIT $2`,
    [beforeSeq, limit, ...set.map(([, value]) => value)],
  );
  return rows.map(asRecord);
}
