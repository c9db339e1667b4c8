import type { Pool } from 'pg';
import type { SequenceRecord } from '../sequence-store';
import { isAlive } from './adopt-sequences';
import { findSequence } from './find-sequences';

/** What waits has nobody at work on it, and neither has what a process has left that is gone. */
const atOnce = (schema: string) => `(s.state = 'waiting' OR NOT ${isAlive(schema)})`;

/**
 * Cancels a sequence, or asks its process to.
 *
 * In: id. Out: nothing; what has ended stays as it is. Locks: the row.
 */
const statement = (schema: string) => `
UPDATE "${schema}".sequence AS s
SET is_cancelling = true,
    state = CASE WHEN ${atOnce(schema)} THEN 'cancelled' ELSE s.state END,
    definition = CASE WHEN ${atOnce(schema)} THEN NULL ELSE s.definition END,
    ended_at = CASE WHEN ${atOnce(schema)} THEN now() END
WHERE id = $1 AND state IN ('waiting', 'running')`;

export async function cancelSequence(pool: Pool, schema: string, id: string): Promise<SequenceRecord | undefined> {
  await pool.query(statement(schema), [id]);
  return findSequence(pool, schema, id);
}

/** In: owner. Out: ids of its running sequences that somebody wants to be cancelled. Locks: none. */
export async function findCancelling(pool: Pool, schema: string, owner: string): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `SELECT id FROM "${schema}".sequence WHERE owner = $1 AND state IN ('waiting', 'running') AND is_cancelling`,
    [owner],
  );
  return rows.map(({ id }) => id);
}
