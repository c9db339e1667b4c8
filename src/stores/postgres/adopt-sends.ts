import type { Pool } from 'pg';
import type { AdoptedSend } from '../send-store';

/** Of bodies that are taken over in one go; the first always comes. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Finds processes that have open sends and are not on the list. In: owner. Out: theirs. Locks: none. Jumps through the
 * index of open sends, so that what a living process has open is not read.
 */
const gone = (schema: string) => `
WITH RECURSIVE holder AS (
  (SELECT owner FROM "${schema}".unsettled_send WHERE phase = 'open' ORDER BY owner LIMIT 1)
  UNION ALL
  SELECT (
    SELECT owner FROM "${schema}".unsettled_send
    WHERE phase = 'open' AND unsettled_send.owner > holder.owner ORDER BY owner LIMIT 1
  ) FROM holder WHERE owner IS NOT NULL
)
SELECT owner FROM holder
WHERE owner <> $1 AND NOT EXISTS (
  SELECT FROM "${schema}".send_worker WHERE send_worker.owner = holder.owner AND expires_at >= now()
)`;

/**
 * Takes over open sends of processes that are gone, the oldest first.
 *
 * In: ticket, instances, limit, those processes. Out: sends as they were, in the order of seq. Locks: the sends taken, which
 * others that adopt at this moment skip, then what awaits them. Apart from the search for those processes: the server
 * thinks the two together so costly that it compiles them, each time anew.
 */
const statement = (schema: string) => `
WITH oldest AS (
  SELECT left_over.* FROM unnest($4::uuid[]) AS gone(owner) CROSS JOIN unnest($2::text[]) AS own(instance) CROSS JOIN LATERAL (
    SELECT seq, coalesce(octet_length(body), 0) AS bytes FROM "${schema}".unsettled_send AS u
    WHERE phase = 'open' AND u.owner = gone.owner AND u.instance = own.instance ORDER BY seq LIMIT $3
  ) AS left_over
  ORDER BY seq LIMIT $3
), fitting AS (
  SELECT seq, sum(bytes) OVER (ORDER BY seq) - bytes AS bytes_before FROM oldest
), free AS (
  SELECT seq FROM "${schema}".send
  WHERE seq = ANY(ARRAY(SELECT seq FROM fitting WHERE bytes_before < ${MOST_BYTES})) AND owner = ANY($4::uuid[])
    AND state IN ('accepted', 'sending')
  ORDER BY seq FOR UPDATE SKIP LOCKED
), moved AS (
  UPDATE "${schema}".unsettled_send SET owner = $1 WHERE seq = ANY(ARRAY(SELECT seq FROM free)) RETURNING seq, body
), adopted AS (
  UPDATE "${schema}".send SET owner = $1 FROM moved
  WHERE send.seq = ANY(ARRAY(SELECT seq FROM moved)) AND send.seq = moved.seq
  RETURNING send.seq, send_id, instance, chat, integration, kind, caller, message_id, request_id, accepted_at, state,
            attempts, body
)
SELECT * FROM adopted ORDER BY seq`;

interface Row {
  seq: string;
  send_id: string;
  instance: string;
  chat: string;
  integration: string;
  kind: string;
  caller: string;
  message_id: string | null;
  request_id: string | null;
  accepted_at: Date;
  state: AdoptedSend['state'];
  attempts: number;
  body: Buffer | null;
}

export async function adoptSends(
  pool: Pool,
  schema: string,
  owner: string,
  ticket: string,
  instances: readonly string[],
  limit: number,
): Promise<AdoptedSend[]> {
  const { rows: holders } = await pool.query<{ owner: string }>(gone(schema), [owner]);
  if (holders.length === 0) return [];
  const from = holders.map((holder) => holder.owner);
  const { rows } = await pool.query<Row>(statement(schema), [ticket, instances, limit, from]);
  return rows.map(({ seq, send_id, message_id, request_id, accepted_at, body, ...row }) => ({
    ...row,
    seq: Number(seq),
    sendId: send_id,
    ...(message_id !== null && { messageId: message_id }),
    ...(request_id !== null && { requestId: request_id }),
    acceptedAt: accepted_at.getTime(),
    body: body ?? undefined,
  }));
}

/**
 * Gives a process what it took under a ticket. In: owner, ticket, sends. Out: those that are its own now, or were already.
 * Locks: the sends, then what awaits them.
 */
const keeping = (schema: string) => `
WITH own AS (
  SELECT seq, send_id FROM "${schema}".send WHERE send_id = ANY($3::uuid[]) AND owner IN ($1, $2) ORDER BY seq FOR UPDATE
), kept AS (
  UPDATE "${schema}".send SET owner = $1 WHERE seq = ANY(ARRAY(SELECT seq FROM own))
), opened AS (
  UPDATE "${schema}".unsettled_send SET owner = $1 WHERE seq = ANY(ARRAY(SELECT seq FROM own))
)
SELECT send_id FROM own`;

export async function keepSends(
  pool: Pool,
  schema: string,
  owner: string,
  ticket: string,
  sendIds: readonly string[],
): Promise<string[]> {
  const { rows } = await pool.query<{ send_id: string }>(keeping(schema), [owner, ticket, sendIds]);
  return rows.map((row) => row.send_id);
}
