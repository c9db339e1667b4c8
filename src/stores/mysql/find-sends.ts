import type { SendFilter, SendRecord } from '../send-store';
import { phasesOf } from '../send-phases';
import type { MysqlPool } from './pool';

/** Names as in SendRecord; `s` is the table send. */
export const RECORD = `s.seq, s.send_id AS sendId, s.instance, s.chat, s.integration, s.kind, s.caller, s.state,
  s.attempts, s.message_id AS messageId, s.owner, s.fence, s.error, s.accepted_at AS acceptedAt,
  s.sending_at AS sendingAt, s.sent_at AS sentAt, s.server_ack_at AS serverAckAt, s.delivered_at AS deliveredAt,
  s.read_at AS readAt, s.ended_at AS endedAt`;

const MOST_FOUND = 20;

/** Reads what has one of the two ids. In: id. Out: rows, the newest first. Locks: none. */
export function findSends(pool: MysqlPool, schema: string, id: string): Promise<SendRecord[]> {
  return pool.query<SendRecord[]>(
    `(SELECT ${RECORD} FROM ${schema}_send AS s WHERE send_id = ?)
     UNION (SELECT ${RECORD} FROM ${schema}_send AS s WHERE message_id = ? ORDER BY s.seq DESC LIMIT ${MOST_FOUND})
     ORDER BY seq DESC LIMIT ${MOST_FOUND}`,
    [id, id],
  );
}

/**
 * Reads a page of the journal. In: filter, seq, limit. Out: rows, the newest first. Locks: none.
 * States that few sends are in are looked for where only those are.
 */
export function listSends(
  pool: MysqlPool,
  schema: string,
  { instance, chat, states }: SendFilter,
  beforeSeq: number,
  limit: number,
): Promise<SendRecord[]> {
  if (states?.length === 0) return Promise.resolve([]);
  const phases = phasesOf(states);
  const fields: [string, unknown][] = [
    ['s.instance = ?', instance],
    ['s.chat = ?', chat],
    ['s.state IN (?)', states],
    ['u.phase IN (?)', phases],
  ];
  const set = fields.filter(([, value]) => value !== undefined);
  return pool.query<SendRecord[]>(
    `SELECT ${RECORD} FROM ${phases ? `${schema}_unsettled_send AS u STRAIGHT_JOIN` : ''} ${schema}_send AS s
     ${phases ? 'ON s.seq = u.seq' : ''}
     WHERE ${['s.seq < ?', ...(phases ? ['u.seq < ?'] : []), ...set.map(([condition]) => condition)].join(' AND ')}
     ORDER BY ${phases ? 'u' : 's'}.seq DESC LIMIT ?`,
    [beforeSeq, ...(phases ? [beforeSeq] : []), ...set.map(([, value]) => value), limit],
  );
}
