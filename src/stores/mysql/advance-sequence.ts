import type { UpsertResult } from 'mariadb';
import type { OpenSequence, SequenceEnd, SequenceProgress } from '../sequence-store';
import { NOW_MS } from './now';
import type { MysqlPool } from './pool';
import { asRecord, RECORD, type RecordRow } from './sequence-record';
import { transact } from './transact';

/** Makes a sequence run, or go on. In: owner, id. Out: the row, if it is open and the owner's. Locks: the row. */
export async function beginSequence(
  pool: MysqlPool,
  schema: string,
  owner: string,
  id: string,
): Promise<OpenSequence | undefined> {
  const { rows } = await transact<RecordRow & { definition: string; now: number }>(pool, {
    choose: [
      {
        sql: `SELECT ${RECORD}, s.definition, ${NOW_MS} AS now FROM ${schema}_sequence AS s
              WHERE id = ? AND owner = ? AND state IN ('waiting', 'running') FOR UPDATE`,
        values: [id, owner],
      },
    ],
    change: ([row]) =>
      row?.state === 'waiting'
        ? [
            {
              sql: `UPDATE ${schema}_sequence SET state = 'running', started_at = ? WHERE seq = ?`,
              values: [row.now, row.seq],
            },
          ]
        : [],
  });
  const [row] = rows;
  if (!row) return undefined;
  const { now, definition, ...record } = row;
  return { ...asRecord(record), state: 'running', startedAt: record.startedAt ?? now, definition };
}

/** Writes how far it is. In: owner, id, progress. Out: what the owner is to know. Locks: the row. */
export async function writeProgress(
  pool: MysqlPool,
  schema: string,
  owner: string,
  id: string,
  { position, steps }: SequenceProgress,
): Promise<'going' | 'cancelling' | 'lost'> {
  const text = JSON.stringify(steps);
  const { rows } = await transact<{ seq: number; isCancelling: number }>(pool, {
    choose: [
      {
        sql: `SELECT seq, is_cancelling AS isCancelling FROM ${schema}_sequence
              WHERE id = ? AND owner = ? AND state = 'running' FOR UPDATE`,
        values: [id, owner],
      },
    ],
    change: ([row]) =>
      row
        ? [
            {
              sql: `UPDATE ${schema}_sequence SET position = ?, steps = ? WHERE seq = ?`,
              values: [position, text, row.seq],
              bytes: text.length,
            },
          ]
        : [],
  });
  if (!rows[0]) return 'lost';
  return rows[0].isCancelling ? 'cancelling' : 'going';
}

/** Ends a sequence. In: owner, id, its end. Out: whether it was the owner's and running. Locks: the row. */
export async function endSequence(
  pool: MysqlPool,
  schema: string,
  owner: string,
  id: string,
  { state, position, steps, code, detail }: SequenceEnd,
): Promise<boolean> {
  const { affectedRows } = await pool.query<UpsertResult>(
    `UPDATE ${schema}_sequence
     SET state = ?, position = ?, steps = ?, code = ?, detail = ?, definition = NULL, ended_at = ${NOW_MS}
     WHERE id = ? AND owner = ? AND state = 'running'`,
    [state, position, JSON.stringify(steps), code ?? null, detail ?? null, id, owner],
  );
  return affectedRows === 1;
}
