import type { NewSend } from '../send-store';
import type { MysqlPool } from './pool';
import { insertSends, openSends } from './send-rows';
import { transact } from './transact';

const ACCEPTED = { state: 'accepted', attempts: 0, fence: 'NULL', sendingAt: 'NULL' } as const;

/**
 * Writes sends as accepted, in their order.
 *
 * In: owner, sends. Out: nothing; when it returns, the rows are durable. Locks: the rows written, for two trips.
 * A repeat of a batch whose answer was lost changes nothing: what is accepted is new as long as nothing says that it is
 * open. Not INSERT IGNORE, which would also cut off what is too long.
 */
export async function acceptSends(
  pool: MysqlPool,
  schema: string,
  owner: string,
  sends: readonly NewSend[],
): Promise<void> {
  if (sends.length === 0) return;
  await transact<{ seq: number; sendId: string }>(pool, {
    choose: [
      insertSends(schema, owner, sends, () => ACCEPTED, 'ON DUPLICATE KEY UPDATE attempts = attempts'),
      {
        sql: `SELECT s.seq, s.send_id AS sendId FROM ${schema}_send AS s
              LEFT JOIN ${schema}_unsettled_send AS u ON u.seq = s.seq
              WHERE s.send_id IN (?) AND s.state = 'accepted' AND u.seq IS NULL`,
        values: [sends.map(({ sendId }) => sendId)],
      },
    ],
    change(rows) {
      const bySendId = new Map(sends.map((send) => [send.sendId, send]));
      const written = rows.flatMap(({ seq, sendId }) => {
        const send = bySendId.get(sendId);
        return send ? [{ send, seq }] : [];
      });
      return openSends(schema, owner, written);
    },
  });
}
