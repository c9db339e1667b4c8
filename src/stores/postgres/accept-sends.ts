import type { Pool } from 'pg';
import type { NewSend } from '../send-store';
import { givenSends, inStatements, sendColumns } from './send-columns';
import type { PlanNames } from './send-plans';

/**
 * Writes sends as accepted, in their order.
 *
 * In: owner, the batch taken apart by sendColumns. Out: nothing; when it returns, the rows are durable.
 * Locks: the rows written, which nobody sees yet. A repeat of a batch whose answer was lost changes nothing.
 */
const statement = (schema: string) => `
WITH given AS (${givenSends(2)}), written AS (
  INSERT INTO "${schema}".send (send_id, instance, chat, integration, kind, caller, message_id, request_id, accepted_at,
                                state, attempts, owner)
  SELECT send_id, instance, chat, integration, kind, caller, message_id, request_id,
         to_timestamp(accepted_at / 1000.0), 'accepted', 0, $1
  FROM given ORDER BY position
  ON CONFLICT (send_id) DO NOTHING
  RETURNING seq, send_id
)
INSERT INTO "${schema}".unsettled_send (seq, instance, chat, owner, phase, body)
SELECT seq, instance, chat, $1, 'open', body FROM written JOIN given USING (send_id)
ON CONFLICT (seq) DO NOTHING`;

export async function acceptSends(
  pool: Pool,
  schema: string,
  nameOf: PlanNames,
  owner: string,
  sends: readonly NewSend[],
): Promise<void> {
  for (const part of inStatements(sends, (send) => send)) {
    await pool.query({
      text: statement(schema),
      values: [owner, ...sendColumns(part)],
      ...nameOf('accept-sends'),
    });
  }
}
