import type { Pool } from 'pg';
import type { Acknowledgement, SendState } from '../send-store';
import { batchOf, type PlanNames } from './send-plans';

/** Place in the order in which a message gets on; 0 for what is not known to have gone out. */
const progress = (state: string) =>
  `coalesce(array_position(ARRAY['sent', 'server_ack', 'delivered', 'read'], ${state}), 0)`;

const NEXT = `CASE
  WHEN failed_at IS NOT NULL AND greatest(${progress('s.state')}, coalesce(word.progress, 0)) < ${progress("'delivered'")}
    THEN 'failed'
  WHEN word.progress > ${progress('s.state')} THEN (ARRAY['sent', 'server_ack', 'delivered', 'read'])[word.progress]
  ELSE s.state
END`;

const COLUMNS = { instance: 'text', message_id: 'text', send_id: 'uuid', state: 'text', error: 'text', at: 'bigint' };

/**
 * Notes what WhatsApp says of messages; several words about one are taken together.
 *
 * In: acknowledgements, each about the send with its send_id or, without one, about those of its instance with its
 * message_id. Out: sends that were changed. Locks: the sends, in the order of seq, then what awaits them.
 * What was refused or cancelled stays so. The arrays make the server look keys up: of a join it knows too little to
 * choose that, and it would also read all sends of an instance to find those with a message id.
 */
const statement = (schema: string) => `
WITH said AS (
  SELECT instance, message_id, send_id, state, error, to_timestamp(at / 1000.0) AS at FROM (${batchOf(1, COLUMNS)}) AS t
), named AS MATERIALIZED (
  SELECT seq, instance, message_id FROM "${schema}".send
  WHERE message_id = ANY(ARRAY(SELECT message_id FROM said WHERE send_id IS NULL))
), meant AS (
  SELECT s.seq, said.message_id, said.state, said.error, said.at
  FROM "${schema}".send AS s JOIN said ON said.send_id = s.send_id
  WHERE s.send_id = ANY(ARRAY(SELECT send_id FROM said WHERE send_id IS NOT NULL))
  UNION ALL
  SELECT named.seq, said.message_id, said.state, said.error, said.at
  FROM named JOIN said USING (instance, message_id) WHERE said.send_id IS NULL
), word AS (
  SELECT seq, max(message_id) AS message_id, max(error) AS error, max(${progress('state')}) AS progress,
         min(at) FILTER (WHERE state = 'server_ack') AS server_ack_at,
         min(at) FILTER (WHERE state = 'delivered') AS delivered_at,
         min(at) FILTER (WHERE state = 'read') AS read_at,
         min(at) FILTER (WHERE state = 'failed') AS failed_at
  FROM meant GROUP BY seq
), concerned AS (
  SELECT seq FROM "${schema}".send
  WHERE seq = ANY(ARRAY(SELECT seq FROM word)) AND state NOT IN ('failed', 'cancelled')
  ORDER BY seq FOR UPDATE
), changed AS (
  UPDATE "${schema}".send AS s
  SET state = ${NEXT},
      message_id = coalesce(s.message_id, word.message_id),
      error = coalesce(word.error, s.error),
      server_ack_at = coalesce(s.server_ack_at, word.server_ack_at),
      delivered_at = coalesce(s.delivered_at, word.delivered_at),
      read_at = coalesce(s.read_at, word.read_at),
      ended_at = CASE WHEN ${NEXT} = 'failed' THEN failed_at END
  FROM word
  WHERE s.seq = ANY(ARRAY(SELECT seq FROM concerned)) AND s.seq = word.seq AND s.state NOT IN ('failed', 'cancelled')
    AND (${NEXT} <> s.state
      OR s.server_ack_at IS NULL AND word.server_ack_at IS NOT NULL
      OR s.delivered_at IS NULL AND word.delivered_at IS NOT NULL)
  RETURNING s.seq, s.send_id, s.state
), settled AS (
  DELETE FROM "${schema}".unsettled_send WHERE seq = ANY(ARRAY(SELECT seq FROM changed))
)
SELECT send_id AS "sendId", state FROM changed`;

export async function acknowledgeSends(
  pool: Pool,
  schema: string,
  nameOf: PlanNames,
  acknowledgements: readonly Acknowledgement[],
): Promise<{ sendId: string; state: SendState }[]> {
  const { rows } = await pool.query<{ sendId: string; state: SendState }>({
    text: statement(schema),
    values: [
      acknowledgements.map(({ instance }) => instance),
      acknowledgements.map(({ messageId }) => messageId),
      acknowledgements.map(({ sendId }) => sendId ?? null),
      acknowledgements.map(({ state }) => state),
      acknowledgements.map(({ error }) => error ?? null),
      acknowledgements.map(({ at }) => at),
    ],
    ...nameOf('acknowledge-sends'),
  });
  return rows;
}
