import type { NewSequence, SequenceRecord } from '../sequence-store';
import { StatementError } from './errors';
import { NOW_MS } from './now';
import type { MysqlPool } from './pool';
import { asRecord, RECORD, type RecordRow } from './sequence-record';

/**
 * Writes a sequence as waiting, unless its key is taken in its instance.
 *
 * In: owner, the sequence. Out: the row that is there. Locks: the row written.
 * Not INSERT IGNORE, which would also cut off what is too long.
 */
export async function acceptSequence(
  pool: MysqlPool,
  schema: string,
  owner: string,
  { id, instance, chat, isHigh, steps, definition, definitionHash, idempotencyKey }: NewSequence,
): Promise<SequenceRecord> {
  const isNew = await pool
    .query(
      `INSERT INTO ${schema}_sequence (id, instance, chat, is_high, state, position, steps, definition, definition_hash,
                                       idempotency_key, is_cancelling, owner, accepted_at)
       VALUES (?, ?, ?, ?, 'waiting', 0, ?, ?, ?, ?, FALSE, ?, ${NOW_MS})`,
      [id, instance, chat, isHigh, JSON.stringify(steps), definition, definitionHash, idempotencyKey ?? null, owner],
    )
    .then(() => true)
    .catch((error: unknown) => {
      if (error instanceof StatementError && error.isDuplicate) return false;
      throw error;
    });
  const [where, wanted] = isNew
    ? ['id = ?', [id]]
    : ['instance = ? AND idempotency_key = ?', [instance, idempotencyKey]];
  const [row] = await pool.query<RecordRow[]>(`SELECT ${RECORD} FROM ${schema}_sequence AS s WHERE ${where}`, wanted);
  if (!row) throw new Error('the sequence that has this key was deleted at this moment');
  return asRecord(row);
}
