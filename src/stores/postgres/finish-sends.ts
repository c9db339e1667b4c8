import type { Pool } from 'pg';
import type { SendOutcome } from '../send-store';
import { batchOf, type PlanNames } from './send-plans';

/**
 * Ends attempts. WhatsApp may have acknowledged a send before its channel has answered: then the answer only adds what is
 * not known yet. Nobody acknowledges what the channel EVOLUTION has sent.
 *
 * In: owner, sends, states, message ids, errors. Out: nothing. Locks: the sends, in the order of seq, then what awaits
 * them. The arrays make the server look keys up: of a join it knows too little to choose that.
 */
const statement = (schema: string) => `
WITH outcome AS (
  ${batchOf(2, { send_id: 'uuid', state: 'text', message_id: 'text', error: 'text' })}
), own AS (
  SELECT seq FROM "${schema}".send WHERE send_id = ANY(ARRAY(SELECT send_id FROM outcome)) AND owner = $1
    AND (state IN ('accepted', 'sending') OR sent_at IS NULL AND state IN ('server_ack', 'delivered', 'read'))
  ORDER BY seq FOR UPDATE
), ended AS (
  UPDATE "${schema}".send AS s
  SET message_id = coalesce(outcome.message_id, s.message_id),
      sent_at = CASE WHEN outcome.state = 'sent' THEN now() ELSE s.sent_at END,
      state = CASE WHEN s.state IN ('accepted', 'sending') THEN outcome.state ELSE s.state END,
      error = CASE WHEN s.state IN ('accepted', 'sending') THEN outcome.error ELSE s.error END,
      ended_at = CASE WHEN outcome.state IN ('failed', 'unknown', 'cancelled') THEN now() ELSE s.ended_at END
  FROM outcome
  WHERE s.seq = ANY(ARRAY(SELECT seq FROM own)) AND s.send_id = outcome.send_id AND s.owner = $1
    AND (s.state IN ('accepted', 'sending')
      OR outcome.state = 'sent' AND s.sent_at IS NULL AND s.state IN ('server_ack', 'delivered', 'read'))
  RETURNING s.seq, s.state, s.integration
), settled AS (
  DELETE FROM "${schema}".unsettled_send
  WHERE seq = ANY(ARRAY(
    SELECT seq FROM ended WHERE state IN ('failed', 'cancelled') OR state = 'sent' AND integration = 'EVOLUTION'
  ))
)
UPDATE "${schema}".unsettled_send
SET phase = CASE WHEN seq = ANY(ARRAY(SELECT seq FROM ended WHERE state = 'sent')) THEN 'sent' ELSE 'unknown' END,
    since = now(), body = NULL
WHERE seq = ANY(ARRAY(
  SELECT seq FROM ended WHERE state = 'unknown' OR state = 'sent' AND integration <> 'EVOLUTION'
))`;

export async function finishSends(
  pool: Pool,
  schema: string,
  nameOf: PlanNames,
  owner: string,
  outcomes: readonly SendOutcome[],
): Promise<void> {
  await pool.query({
    text: statement(schema),
    values: [
      owner,
      outcomes.map(({ sendId }) => sendId),
      outcomes.map(({ state }) => state),
      outcomes.map(({ messageId }) => messageId ?? null),
      outcomes.map(({ error }) => error ?? null),
    ],
    ...nameOf('finish-sends'),
  });
}
