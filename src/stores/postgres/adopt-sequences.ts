import type { Pool } from 'pg';
import type { SequenceRecord } from '../sequence-store';
import { asRecord, RECORD, type RecordRow } from './sequence-record';

/** Whether the process that has `s` is on the list. */
export const isAlive = (schema: string) => `EXISTS (
  SELECT FROM "${schema}".send_worker AS worker WHERE worker.owner = s.owner AND worker.expires_at >= now()
)`;

/**
 * Takes over open sequences of processes that are not on the list, the oldest first.
 *
 * In: owner, instances, limit, ids that the owner knows, or null. Out: the rows. Locks: the rows taken, which others that adopt at this moment skip.
 */
const statement = (schema: string) => `
WITH free AS (
  SELECT seq FROM "${schema}".sequence AS s
  WHERE state IN ('waiting', 'running') AND instance = ANY($2)
    AND CASE WHEN owner = $1 THEN id <> ALL($4::uuid[]) ELSE NOT ${isAlive(schema)} END
  ORDER BY seq LIMIT $3 FOR UPDATE SKIP LOCKED
), adopted AS (
  UPDATE "${schema}".sequence AS s SET owner = $1 FROM free WHERE s.seq = free.seq RETURNING ${RECORD}
)
SELECT * FROM adopted ORDER BY seq`;

export async function adoptSequences(
  pool: Pool,
  schema: string,
  owner: string,
  instances: readonly string[],
  limit: number,
  known?: readonly string[],
): Promise<SequenceRecord[]> {
  const { rows } = await pool.query<RecordRow>(statement(schema), [owner, instances, limit, known ?? null]);
  return rows.map(asRecord);
}
