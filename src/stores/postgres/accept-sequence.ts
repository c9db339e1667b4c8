import type { Pool } from 'pg';
import type { NewSequence, SequenceRecord } from '../sequence-store';
import { asRecord, RECORD, type RecordRow } from './sequence-record';

/**
 * Writes a sequence as waiting, unless its key is taken in its instance.
 *
 * In: owner, the sequence. Out: nothing; when it returns, the row is durable. Locks: the row written.
 */
const insert = (schema: string) => `
INSERT INTO "${schema}".sequence (id, instance, chat, is_high, state, position, steps, definition, definition_hash,
                                  idempotency_key, is_cancelling, owner, accepted_at)
VALUES ($2, $3, $4, $5, 'waiting', 0, $6, $7, $8, $9, false, $1, now())
ON CONFLICT (instance, idempotency_key) DO NOTHING`;

export async function acceptSequence(
  pool: Pool,
  schema: string,
  owner: string,
  { id, instance, chat, isHigh, steps, definition, definitionHash, idempotencyKey }: NewSequence,
): Promise<SequenceRecord> {
  const values = [
    owner,
    id,
    instance,
    chat,
    isHigh,
    JSON.stringify(steps),
    definition,
    definitionHash,
    idempotencyKey ?? null,
  ];
  const written = await pool.query(insert(schema), values);
  const [where, wanted] =
    written.rowCount === 1 ? ['id = $1', [id]] : ['instance = $1 AND idempotency_key = $2', [instance, idempotencyKey]];
  // A statement of its own: the first one does not see what others have written since it began.
  const { rows } = await pool.query<RecordRow>(
    `SELECT ${RECORD} FROM "${schema}".sequence AS s WHERE ${where}`,
    wanted,
  );
  if (!rows[0]) throw new Error('the sequence that has this key was deleted at this moment');
  return asRecord(rows[0]);
}
