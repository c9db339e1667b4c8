import type { Pool } from 'pg';
import type { RequestSend } from '../idempotency-store';

const MOST_SENDS = 20;

/** The sends that count for a request, as the end of a statement. */
export const journalled = (schema: string) =>
  `"${schema}".send WHERE NOT (state = 'failed' AND coalesce(error, '') LIKE 'GUARD_SENDS_%')`;

/** Reads what a request has sent. In: id. Out: rows, the first ones first. Locks: none. */
export async function readRequestSends(pool: Pool, schema: string, requestId: string): Promise<RequestSend[]> {
  const { rows } = await pool.query<RequestSend>(
    `SELECT send_id AS "sendId", state, message_id AS "messageId", error,
       (extract(epoch FROM now() - coalesce(sent_at, ended_at, sending_at, now())) * 1000)::double precision AS "sinceMs"
     FROM ${journalled(schema)} AND request_id = $1 ORDER BY seq LIMIT ${MOST_SENDS}`,
    [requestId],
  );
  return rows;
}
