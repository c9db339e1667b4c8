import type { RequestSend } from '../idempotency-store';
import { NOW_MS } from './now';
import type { MysqlPool } from './pool';

const MOST_SENDS = 20;

/** The sends that count for a request, as the end of a statement. */
export const journalled = (schema: string) =>
  `${schema}_send AS send WHERE NOT (send.state = 'failed' AND COALESCE(send.error, '') LIKE 'GUARD_SENDS_%')`;

/** Reads what a request has sent. In: id. Out: rows, the first ones first. Locks: none. */
export function readRequestSends(pool: MysqlPool, schema: string, requestId: string): Promise<RequestSend[]> {
  return pool.query<RequestSend[]>(
    `SELECT send_id AS sendId, state, message_id AS messageId, error,
       ${NOW_MS} - COALESCE(sent_at, ended_at, sending_at, ${NOW_MS}) AS sinceMs
     FROM ${journalled(schema)} AND request_id = ? ORDER BY seq LIMIT ${MOST_SENDS}`,
    [requestId],
  );
}
