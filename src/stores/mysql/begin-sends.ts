import type { Beginning, Begun, SendState } from '../send-store';
import { NOW_MS } from './now';
import type { MysqlPool } from './pool';
import { insertSends, openSends, some } from './send-rows';
import { transact, type Statement } from './transact';

/** One row of what is looked at: the turn of a chat, a send to begin, or the oldest that somebody has open in a chat. */
type Row =
  | { what: 'turn'; instance: string; chat: string; owner: string | null; number: number }
  | { what: 'own'; sendId: string; owner: string; number: number; state: SendState }
  | { what: 'mine' | 'others'; instance: string; chat: string; number: number; first: number };

/** The send that is there already, if any. */
type Judged = Beginning & { seq: number | undefined; answer: Begun; claimed: boolean };

/** With a length in place of a separator: a name may hold any character. */
const keyOf = ({ instance, chat }: { instance: string; chat: string }) => `${instance.length} ${instance}${chat}`;

/**
 * Makes sends `sending`, each under the fence of its chat.
 *
 * In: owner, beginnings. Out: an answer for each, in the order of the batch.
 * Locks: the turns of the chats, in the order of their keys, so that two batches never wait in a circle; then the sends.
 * Held for two trips. All else is read when the turns are held, so what others have begun there is seen.
 * Processes are compared by the oldest that each has open in the chat, whichever it would begin now: so one of them is
 * always first, and none waits for one that waits for it. What a process has left that is gone goes before everything:
 * somebody will take it over.
 * A fresh send that is there already is the repeat of a begin whose answer was lost.
 */
export async function beginSends(
  pool: MysqlPool,
  schema: string,
  owner: string,
  beginnings: readonly Beginning[],
): Promise<Begun[]> {
  if (beginnings.length === 0) return [];
  let judged: Judged[] = [];
  await transact<Row>(pool, {
    choose: lookStatements(schema, owner, beginnings),
    change(rows) {
      judged = judge(owner, beginnings, rows);
      return changes(schema, owner, judged);
    },
  });
  return judged.map(({ answer }) => answer);
}

function lookStatements(schema: string, owner: string, beginnings: readonly Beginning[]): Statement[] {
  const sorted = [...beginnings].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  const chats = sorted.flatMap(({ instance, chat }) => [instance, chat]);
  const ids = beginnings.map(({ sendId }) => sendId);
  const each = (sql: string, joint: string) => beginnings.map(() => sql).join(joint);
  return [
    {
      sql: `INSERT INTO ${schema}_send_turn (instance, chat, fence) VALUES ${each('(?,?,0)', ',')}
            ON DUPLICATE KEY UPDATE fence = fence`,
      values: chats,
    },
    { sql: `SELECT seq FROM ${schema}_send WHERE send_id IN (?) FOR UPDATE`, values: [ids] },
    {
      sql: `SELECT 'turn' AS what, instance, chat, owner, fence AS number, NULL AS sendId, NULL AS state, 0 AS first
            FROM ${schema}_send_turn WHERE (instance, chat) IN (${each('(?,?)', ',')})
            UNION ALL
            SELECT 'own', NULL, NULL, owner, seq, send_id, state, 0 FROM ${schema}_send WHERE send_id IN (?)
            UNION ALL
            SELECT 'mine', instance, chat, NULL, MIN(seq), NULL, NULL, 0 FROM ${schema}_unsettled_send
            WHERE phase = 'open' AND owner = ? AND (${each('instance = ? AND chat = ?', ' OR ')})
            GROUP BY instance, chat
            UNION ALL
            SELECT 'others', u.instance, u.chat, NULL, MIN(u.seq), NULL, NULL,
                   MAX(s.state = 'sending' OR w.owner IS NULL)
            FROM ${schema}_unsettled_send AS u STRAIGHT_JOIN ${schema}_send AS s ON s.seq = u.seq
              LEFT JOIN ${schema}_send_worker AS w ON w.owner = u.owner AND w.expires_at >= ${NOW_MS}
            WHERE u.phase = 'open' AND u.owner <> ? AND (${each('u.instance = ? AND u.chat = ?', ' OR ')})
            GROUP BY u.instance, u.chat`,
      values: [...chats, ids, owner, ...chats, owner, ...chats],
    },
  ];
}

function judge(owner: string, beginnings: readonly Beginning[], rows: readonly Row[]): Judged[] {
  const turns = new Map(rows.flatMap((row) => (row.what === 'turn' ? [[keyOf(row), row]] : [])));
  const sends = new Map(rows.flatMap((row) => (row.what === 'own' ? [[row.sendId, row]] : [])));
  const others = new Map(rows.flatMap((row) => (row.what === 'others' ? [[keyOf(row), row]] : [])));
  const mine = new Map(rows.flatMap((row) => (row.what === 'mine' ? [[keyOf(row), row]] : [])));
  return beginnings.map((beginning) => {
    const turn = turns.get(keyOf(beginning));
    const own = sends.get(beginning.sendId);
    const other = others.get(keyOf(beginning));
    const held = turn?.owner === owner;
    const given = { ...beginning, seq: own?.number, claimed: !held };
    const open = own ? own.owner === owner && isOpen(own.state) : beginning.fresh !== undefined;
    if (!open) return { ...given, answer: { outcome: 'lost' } };
    const before = { next: mine.get(keyOf(beginning))?.number, ahead: own?.number, between: 0 }[beginning.place];
    if (other && (other.first > 0 || other.number < (before ?? Number.POSITIVE_INFINITY))) {
      return { ...given, answer: { outcome: 'behind' } };
    }
    return { ...given, answer: { outcome: 'begun', fence: (turn?.number ?? 0) + (held ? 0 : 1) } };
  });
}

const isOpen = (state: SendState) => state === 'accepted' || state === 'sending';

function changes(schema: string, owner: string, judged: readonly Judged[]): Statement[] {
  const begun = judged.flatMap(({ answer, ...rest }) => (answer.outcome === 'begun' ? [{ ...rest, ...answer }] : []));
  const claimed = begun.filter((beginning) => beginning.claimed);
  const known = begun.flatMap(({ seq, fence }) => (seq === undefined ? [] : [{ seq, fence }]));
  const fences = new Map(begun.map(({ sendId, fence }) => [sendId, fence]));
  const fresh = begun.flatMap((beginning) => (beginning.seq === undefined && beginning.fresh ? [beginning.fresh] : []));
  return [
    ...some(claimed, () => ({
      sql: `UPDATE ${schema}_send_turn SET owner = ?, fence = fence + 1
            WHERE (instance, chat) IN (${claimed.map(() => '(?,?)').join()})`,
      values: [owner, ...claimed.flatMap(({ instance, chat }) => [instance, chat])],
    })),
    ...some(known, () => ({
      sql: `UPDATE ${schema}_send SET state = 'sending', attempts = attempts + 1, sending_at = ${NOW_MS},
              fence = CASE seq ${known.map(({ seq, fence }) => `WHEN ${seq} THEN ${fence}`).join(' ')} END
            WHERE seq IN (?)`,
      values: [known.map(({ seq }) => seq)],
    })),
    ...some(fresh, () => insertSends(schema, owner, fresh, (send) => sendingState(fences.get(send.sendId) ?? 0))),
    // A statement with a list of rows gets numbers that follow each other; a cluster leaves room between them.
    ...openSends(
      schema,
      owner,
      fresh.map((send, nth) => ({ send, seq: `LAST_INSERT_ID() + ${nth} * @@auto_increment_increment` })),
    ),
  ];
}

const sendingState = (fence: number) => ({ state: 'sending', attempts: 1, fence, sendingAt: NOW_MS }) as const;
