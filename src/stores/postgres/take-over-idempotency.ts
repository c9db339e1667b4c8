import type { Pool } from 'pg';
import { YOUNGEST_LEFT_MS, type NewRequest, type RequestRun } from '../idempotency-store';
import { journalled } from './request-sends-idempotency';

/**
 * Takes a request over from a process that is gone, or from an attempt of our own, unless it has sent anything.
 *
 * In: owner, request, the attempt that it belonged to. Out: whether it is ours. Locks: its row; who tries at the same time
 * finds another attempt there.
 */
export async function takeOverRequest(
  pool: Pool,
  schema: string,
  owner: string,
  { requestId, run }: NewRequest,
  from: string,
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `UPDATE "${schema}".idempotency AS known SET owner = $1, run = $3, created_at = now()
     WHERE request_id = $2 AND run = $4 AND state = 'running'
       AND (owner = $1 OR created_at < now() - ${YOUNGEST_LEFT_MS} * interval '1 millisecond' AND NOT EXISTS (
         SELECT FROM "${schema}".send_worker AS worker WHERE worker.owner = known.owner AND expires_at >= now()
       ))
       AND NOT EXISTS (SELECT FROM ${journalled(schema)} AND request_id = $2)`,
    [owner, requestId, run, from],
  );
  return rowCount === 1;
}

/** Whether a request runs in this attempt. In: id, run. Out: yes or no. Locks: none. */
export async function isRequestRunning(pool: Pool, schema: string, { requestId, run }: RequestRun): Promise<boolean> {
  const { rowCount } = await pool.query(
    `SELECT FROM "${schema}".idempotency WHERE request_id = $1 AND run = $2 AND state = 'running'`,
    [requestId, run],
  );
  return rowCount === 1;
}
