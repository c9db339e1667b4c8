import type { Pool } from 'pg';
import type { OpenSequence, SequenceEnd, SequenceProgress } from '../sequence-store';
import { asRecord, RECORD, type RecordRow } from './sequence-record';

/** Makes a sequence run, or go on. In: owner, id. Out: the row, if it is open and the owner's. Locks: the row. */
export async function beginSequence(
  pool: Pool,
  schema: string,
  owner: string,
  id: string,
): Promise<OpenSequence | undefined> {
  const { rows } = await pool.query<RecordRow & { definition: string }>(
    `UPDATE "${schema}".sequence AS s SET state = 'running', started_at = coalesce(started_at, now())
     WHERE id = $2 AND owner = $1 AND state IN ('waiting', 'running') RETURNING ${RECORD}, definition`,
    [owner, id],
  );
  const [row] = rows;
  return row && { ...asRecord(row), definition: row.definition };
}

/** Writes how far it is. In: owner, id, progress. Out: what the owner is to know. Locks: the row. */
export async function writeProgress(
  pool: Pool,
  schema: string,
  owner: string,
  id: string,
  { position, steps }: SequenceProgress,
): Promise<'going' | 'cancelling' | 'lost'> {
  const { rows } = await pool.query<{ is_cancelling: boolean }>(
    `UPDATE "${schema}".sequence SET position = $3, steps = $4
     WHERE id = $2 AND owner = $1 AND state = 'running' RETURNING is_cancelling`,
    [owner, id, position, JSON.stringify(steps)],
  );
  if (!rows[0]) return 'lost';
  return rows[0].is_cancelling ? 'cancelling' : 'going';
}

/** Ends a sequence. In: owner, id, its end. Out: whether it was the owner's and running. Locks: the row. */
export async function endSequence(
  pool: Pool,
  schema: string,
  owner: string,
  id: string,
  { state, position, steps, code, detail }: SequenceEnd,
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `UPDATE "${schema}".sequence
     SET state = $3, position = $4, steps = $5, code = $6, detail = $7, definition = NULL, ended_at = now()
     WHERE id = $2 AND owner = $1 AND state = 'running'`,
    [owner, id, state, position, JSON.stringify(steps), code ?? null, detail ?? null],
  );
  return rowCount === 1;
}
