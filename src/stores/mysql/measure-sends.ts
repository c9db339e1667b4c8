import type { ChatDepth, SendRecord } from '../send-store';
import { RECORD } from './find-sends';
import type { MysqlPool } from './pool';

interface DepthRow extends Omit<ChatDepth, 'holder'> {
  owner: string | null;
  fence: number;
  about: string | null;
}

/**
 * Counts open sends by chat, those that wait longest first.
 *
 * In: instance or nothing, limit. Out: chats, each with whoever had its turn last. Locks: none.
 * Walks what is open and looks each of it up, in this order: the server might rather read all sends there are.
 */
export async function readDepths(
  pool: MysqlPool,
  schema: string,
  { instance }: { instance?: string },
  limit: number,
): Promise<ChatDepth[]> {
  const rows = await pool.query<DepthRow[]>(
    `SELECT waiting.*, turn.owner, turn.fence, worker.about
     FROM (
       SELECT u.instance, u.chat, SUM(s.state = 'accepted') AS waiting, SUM(s.state = 'sending') AS sending,
              MIN(s.accepted_at) AS oldestAcceptedAt
       FROM ${schema}_unsettled_send AS u STRAIGHT_JOIN ${schema}_send AS s ON s.seq = u.seq
       WHERE u.phase = 'open' ${instance === undefined ? '' : 'AND u.instance = ?'}
       GROUP BY u.instance, u.chat ORDER BY oldestAcceptedAt, u.instance, u.chat LIMIT ?
     ) AS waiting
     LEFT JOIN ${schema}_send_turn AS turn ON turn.instance = waiting.instance AND turn.chat = waiting.chat
     LEFT JOIN ${schema}_send_worker AS worker ON worker.owner = turn.owner
     ORDER BY oldestAcceptedAt, instance, chat`,
    [...(instance === undefined ? [] : [instance]), limit],
  );
  return rows.map(({ owner, fence, about, ...row }) => ({
    ...row,
    holder: owner === null ? null : { owner, about: about ?? '', fence },
  }));
}

/**
 * Sends without an acknowledgement since before a time. In: milliseconds since 1970, limit. Out: their number, and the
 * oldest. Locks: none. Walks the index of what is awaited by time.
 */
export async function readPendingSends(
  pool: MysqlPool,
  schema: string,
  before: number,
  limit: number,
): Promise<{ count: number; oldest: SendRecord[] }> {
  const awaited = `FROM ${schema}_unsettled_send WHERE phase = 'sent' AND since < ?`;
  const [row] = await pool.query<{ count: number }[]>(`SELECT COUNT(*) AS count ${awaited}`, [before]);
  const oldest = await pool.query<SendRecord[]>(
    `SELECT ${RECORD} FROM (SELECT seq, since ${awaited} ORDER BY since, seq LIMIT ?) AS u
     STRAIGHT_JOIN ${schema}_send AS s ON s.seq = u.seq WHERE s.state = 'sent' ORDER BY s.sent_at, s.seq`,
    [before, limit],
  );
  return { count: row?.count ?? 0, oldest };
}

/** Counts what is in a state that is not final. In: nothing. Out: numbers. Locks: none. Walks what is open or unknown. */
export async function summarizeSends(
  pool: MysqlPool,
  schema: string,
): Promise<{ accepted: number; sending: number; unknown: number }> {
  const [row] = await pool.query<{ accepted: number | null; sending: number | null; unknowns: number }[]>(
    `SELECT SUM(s.state = 'accepted') AS accepted, SUM(s.state = 'sending') AS sending,
            (SELECT COUNT(*) FROM ${schema}_unsettled_send WHERE phase = 'unknown') AS unknowns
     FROM ${schema}_unsettled_send AS u STRAIGHT_JOIN ${schema}_send AS s ON s.seq = u.seq WHERE u.phase = 'open'`,
  );
  return { accepted: row?.accepted ?? 0, sending: row?.sending ?? 0, unknown: row?.unknowns ?? 0 };
}
