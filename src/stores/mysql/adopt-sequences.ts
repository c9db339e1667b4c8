import type { SequenceRecord } from '../sequence-store';
import { NOW_MS } from './now';
import type { MysqlPool } from './pool';
import { asRecord, RECORD, type RecordRow } from './sequence-record';
import { transact } from './transact';

/** Whether the process that has `s` is on the list. */
export const isAlive = (schema: string) => `EXISTS (
  SELECT 1 FROM ${schema}_send_worker AS worker WHERE worker.owner = s.owner AND worker.expires_at >= ${NOW_MS}
)`;

/**
 * Takes over open sequences of processes that are not on the list, the oldest first.
 *
 * In: owner, instances, limit, ids that the owner knows. Out: the rows. Locks: the rows taken; they are found without any before, so that what a
 * living process has is not locked.
 */
export async function adoptSequences(
  pool: MysqlPool,
  schema: string,
  owner: string,
  instances: readonly string[],
  limit: number,
  known?: readonly string[],
): Promise<SequenceRecord[]> {
  if (instances.length === 0) return [];
  const found = await pool.query<{ seq: number; owner: string }[]>(
    `SELECT s.seq, s.owner FROM ${schema}_sequence AS s
     WHERE s.state IN ('waiting', 'running') AND s.instance IN (?)
       AND CASE WHEN s.owner = ? THEN ${known ? 's.id NOT IN (?)' : 'FALSE'} ELSE NOT ${isAlive(schema)} END
     ORDER BY s.seq LIMIT ?`,
    [instances, owner, ...(known ? [[...known, '']] : []), limit],
  );
  if (found.length === 0) return [];
  const gone = [...new Set(found.map((row) => row.owner))];
  const { rows } = await transact<RecordRow>(pool, {
    choose: [
      {
        sql: `SELECT ${RECORD} FROM ${schema}_sequence AS s
              WHERE s.seq IN (?) AND s.owner IN (?) AND s.state IN ('waiting', 'running') ORDER BY s.seq FOR UPDATE`,
        values: [found.map(({ seq }) => seq), gone],
      },
    ],
    change: (free) =>
      free.length === 0
        ? []
        : [
            {
              sql: `UPDATE ${schema}_sequence SET owner = ? WHERE seq IN (?)`,
              values: [owner, free.map(({ seq }) => seq)],
            },
          ],
  });
  return rows.map((row) => ({ ...asRecord(row), owner }));
}
