import type { Pool } from 'pg';
import type { EndedRequest, RequestRun } from '../idempotency-store';
import { journalled } from './request-sends-idempotency';

/**
 * Keeps answers. In: ids, runs (NULL: any), statuses, texts. Out: nothing. Locks: the requests that run still.
 * The array makes the server look keys up: of a join it knows too little to choose that.
 */
const ended = (schema: string) => `
UPDATE "${schema}".idempotency AS known SET state = 'done', status = given.status, answer = given.answer
FROM unnest($1::text[], $2::uuid[], $3::integer[], $4::text[]) AS given(request_id, run, status, answer)
WHERE known.request_id = ANY($1) AND known.request_id = given.request_id
  AND known.state = 'running' AND (given.run IS NULL OR known.run = given.run)`;

/** @param prepared whether the server may keep the plan. */
export async function endRequests(
  pool: Pool,
  schema: string,
  prepared: boolean,
  answers: readonly EndedRequest[],
): Promise<void> {
  await pool.query({
    text: ended(schema),
    values: [
      answers.map(({ requestId }) => requestId),
      answers.map(({ run }) => run ?? null),
      answers.map(({ status }) => status),
      answers.map(({ text }) => text),
    ],
    ...(prepared && { name: 'guard-end-requests' }),
  });
}

/** Forgets attempts that came to nothing. In: ids, runs. Out: nothing. Locks: the rows deleted; sends are read, not locked. */
export async function forgetRequests(pool: Pool, schema: string, runs: readonly RequestRun[]): Promise<void> {
  await pool.query(
    `DELETE FROM "${schema}".idempotency AS known
     WHERE request_id = ANY($1) AND run = ANY($2::uuid[]) AND state = 'running'
       AND NOT EXISTS (SELECT FROM ${journalled(schema)} AND request_id = known.request_id)`,
    [runs.map(({ requestId }) => requestId), runs.map(({ run }) => run)],
  );
}
