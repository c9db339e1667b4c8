import type { EndedRequest, RequestRun } from '../idempotency-store';
import type { MysqlPool } from './pool';
import { journalled } from './request-sends-idempotency';
import { transact } from './transact';

/**
 * Keeps answers. In: answers. Out: nothing. Locks: the requests that run still, in the order of ids, for two trips or as
 * many as the answers need.
 */
export async function endRequests(pool: MysqlPool, schema: string, answers: readonly EndedRequest[]): Promise<void> {
  const byId = new Map(answers.map((answer) => [answer.requestId, answer]));
  await transact<{ requestId: string; run: string }>(pool, {
    choose: [
      {
        sql: `SELECT request_id AS requestId, run FROM ${schema}_idempotency
              WHERE request_id IN (?) AND state = 'running' ORDER BY request_id FOR UPDATE`,
        values: [[...byId.keys()]],
      },
    ],
    change(rows) {
      return rows.flatMap(({ requestId, run }) => {
        const answer = byId.get(requestId);
        if (!answer || (answer.run !== undefined && answer.run !== run)) return [];
        return [
          {
            sql: `UPDATE ${schema}_idempotency SET state = 'done', status = ?, answer = ? WHERE request_id = ?`,
            values: [answer.status, answer.text, requestId],
            bytes: Buffer.byteLength(answer.text),
          },
        ];
      });
    },
  });
}

/** Forgets attempts that came to nothing. In: ids, runs. Out: nothing. Locks: the rows deleted, and no sends. */
export async function forgetRequests(pool: MysqlPool, schema: string, runs: readonly RequestRun[]): Promise<void> {
  const table = `${schema}_idempotency`;
  await pool.query(
    `DELETE FROM ${table} WHERE request_id IN (?) AND run IN (?) AND state = 'running'
       AND NOT EXISTS (SELECT 1 FROM ${journalled(schema)} AND send.request_id = ${table}.request_id)`,
    [runs.map(({ requestId }) => requestId), runs.map(({ run }) => run)],
  );
}
