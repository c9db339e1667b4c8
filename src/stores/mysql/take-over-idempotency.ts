import type { UpsertResult } from 'mariadb';
import { YOUNGEST_LEFT_MS, type NewRequest, type RequestRun } from '../idempotency-store';
import { NOW_MS } from './now';
import type { MysqlPool } from './pool';
import { journalled } from './request-sends-idempotency';

/**
 * Takes a request over from a process that is gone, or from an attempt of our own, unless it has sent anything.
 *
 * In: owner, request, the attempt that it belonged to. Out: whether it is ours. Locks: its row; who tries at the same time
 * finds another attempt there.
 */
export async function takeOverRequest(
  pool: MysqlPool,
  schema: string,
  owner: string,
  { requestId, run }: NewRequest,
  from: string,
): Promise<boolean> {
  const table = `${schema}_idempotency`;
  const { affectedRows } = await pool.query<UpsertResult>(
    `UPDATE ${table} SET owner = ?, run = ?, created_at = ${NOW_MS}
     WHERE request_id = ? AND run = ? AND state = 'running'
       AND (owner = ? OR created_at < ${NOW_MS} - ${YOUNGEST_LEFT_MS} AND NOT EXISTS (
         SELECT 1 FROM ${schema}_send_worker AS worker
         WHERE worker.owner = ${table}.owner AND worker.expires_at >= ${NOW_MS}
       ))
       AND NOT EXISTS (SELECT 1 FROM ${journalled(schema)} AND send.request_id = ?)`,
    [owner, run, requestId, from, owner, requestId],
  );
  return affectedRows === 1;
}

/** Whether a request runs in this attempt. In: id, run. Out: yes or no. Locks: none. */
export async function isRequestRunning(
  pool: MysqlPool,
  schema: string,
  { requestId, run }: RequestRun,
): Promise<boolean> {
  const rows = await pool.query<unknown[]>(
    `SELECT 1 FROM ${schema}_idempotency WHERE request_id = ? AND run = ? AND state = 'running'`,
    [requestId, run],
  );
  return rows.length === 1;
}
