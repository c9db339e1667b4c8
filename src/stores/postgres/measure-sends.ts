import type { Pool } from 'pg';
import type { ChatDepth, SendRecord } from '../send-store';
import { asRecord, RECORD, type RecordRow } from './send-record';

/**
 * Counts open sends by chat, those that wait longest first.
 *
 * In: instance or null, limit. Out: chats, each with whoever had its turn last. Locks: none.
 * Walks what is open and looks each of it up: the server would rather read all sends there are than look up many.
 */
const depths = (schema: string) => `
SELECT waiting.*, turn.owner, turn.fence, coalesce(about, '') AS about
FROM (
  SELECT u.instance, u.chat, count(*) FILTER (WHERE state = 'accepted')::integer AS waiting,
         count(*) FILTER (WHERE state = 'sending')::integer AS sending, min(accepted_at) AS oldest
  FROM "${schema}".unsettled_send AS u CROSS JOIN LATERAL (
    SELECT state, accepted_at FROM "${schema}".send WHERE send.seq = u.seq LIMIT 1
  ) AS s
  WHERE phase = 'open' AND ($1::text IS NULL OR u.instance = $1) AND state IN ('accepted', 'sending')
  GROUP BY u.instance, u.chat ORDER BY oldest, u.instance, u.chat LIMIT $2
) AS waiting
LEFT JOIN "${schema}".send_turn AS turn USING (instance, chat)
LEFT JOIN "${schema}".send_worker AS worker ON worker.owner = turn.owner
ORDER BY oldest, instance, chat`;

interface DepthRow {
  instance: string;
  chat: string;
  waiting: number;
  sending: number;
  oldest: Date;
  owner: string | null;
  fence: string;
  about: string;
}

export async function readDepths(
  pool: Pool,
  schema: string,
  { instance }: { instance?: string },
  limit: number,
): Promise<ChatDepth[]> {
  const { rows } = await pool.query<DepthRow>(depths(schema), [instance ?? null, limit]);
  return rows.map(({ oldest, owner, fence, about, ...row }) => ({
    ...row,
    oldestAcceptedAt: oldest.getTime(),
    holder: owner === null ? null : { owner, about, fence: Number(fence) },
  }));
}

/**
 * Sends without an acknowledgement since before a time. In: milliseconds since 1970, limit. Out: their number, and the
 * oldest. Locks: none. Walks the index of what is awaited by time.
 */
export async function readPendingSends(
  pool: Pool,
  schema: string,
  before: number,
  limit: number,
): Promise<{ count: number; oldest: SendRecord[] }> {
  const awaited = `FROM "${schema}".unsettled_send WHERE phase = 'sent' AND since < to_timestamp($1 / 1000.0)`;
  const { rows: counts } = await pool.query<{ count: number }>(`SELECT count(*)::integer AS count ${awaited}`, [
    before,
  ]);
  const { rows } = await pool.query<RecordRow>(
    `SELECT ${RECORD} FROM "${schema}".send AS s
     WHERE seq = ANY(ARRAY(SELECT seq ${awaited} ORDER BY since, seq LIMIT $2)) AND state = 'sent' ORDER BY sent_at, seq`,
    [before, limit],
  );
  return { count: counts[0]?.count ?? 0, oldest: rows.map(asRecord) };
}

/** Counts what is in a state that is not final. In: nothing. Out: numbers. Locks: none. Walks what is open or unknown. */
export async function summarizeSends(
  pool: Pool,
  schema: string,
): Promise<{ accepted: number; sending: number; unknown: number }> {
  const { rows } = await pool.query<{ accepted: number; sending: number; unknown: number }>(
    `SELECT count(*) FILTER (WHERE state = 'accepted')::integer AS accepted,
            count(*) FILTER (WHERE state = 'sending')::integer AS sending,
            (SELECT count(*)::integer FROM "${schema}".unsettled_send WHERE phase = 'unknown') AS unknown
     FROM "${schema}".unsettled_send AS u CROSS JOIN LATERAL (
       SELECT state FROM "${schema}".send WHERE send.seq = u.seq LIMIT 1
     ) AS s
     WHERE phase = 'open'`,
  );
  return rows[0] ?? { accepted: 0, sending: 0, unknown: 0 };
}
