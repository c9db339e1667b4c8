import type { SequenceRecord } from '../sequence-store';
import { isAlive } from './adopt-sequences';
import { findSequence } from './find-sequences';
import { NOW_MS } from './now';
import type { MysqlPool } from './pool';
import { transact } from './transact';

/**
 * Cancels a sequence, or asks its process to. What waits has nobody at work on it, and neither has what a process has left
 * that is gone.
 *
 * In: id. Out: the row; what has ended stays as it is. Locks: the row.
 */
export async function cancelSequence(pool: MysqlPool, schema: string, id: string): Promise<SequenceRecord | undefined> {
  await transact<{ seq: number; atOnce: number }>(pool, {
    choose: [
      {
        sql: `SELECT s.seq, s.state = 'waiting' OR NOT ${isAlive(schema)} AS atOnce FROM ${schema}_sequence AS s
              WHERE s.id = ? AND s.state IN ('waiting', 'running') FOR UPDATE`,
        values: [id],
      },
    ],
    change: ([row]) =>
      row
        ? [
            {
              sql: `UPDATE ${schema}_sequence SET is_cancelling = TRUE
                    ${row.atOnce ? `, state = 'cancelled', definition = NULL, ended_at = ${NOW_MS}` : ''} WHERE seq = ?`,
              values: [row.seq],
            },
          ]
        : [],
  });
  return findSequence(pool, schema, id);
}

/** In: owner. Out: ids of its running sequences that somebody wants to be cancelled. Locks: none. */
export async function findCancelling(pool: MysqlPool, schema: string, owner: string): Promise<string[]> {
  const rows = await pool.query<{ id: string }[]>(
    `SELECT id FROM ${schema}_sequence WHERE state IN ('waiting', 'running') AND owner = ? AND is_cancelling`,
    [owner],
  );
  return rows.map(({ id }) => id);
}
