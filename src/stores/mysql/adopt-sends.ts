import type { AdoptedSend } from '../send-store';
import { NOW_MS } from './now';
import type { MysqlPool } from './pool';
import { transact, type Statement } from './transact';

/** Bodies that are taken over in one go: 64 pieces of a mebibyte at most. */
const MOST_PARTS = 64;

/**
 * Takes over open sends of processes that are not on the list, the oldest first.
 *
 * In: owner, ticket, instances, limit. Out: sends as they were, in the order of seq. Locks: the sends taken, then what awaits
 * them. Owners are found first, so that what a living process has open is not read.
 */
export async function adoptSends(
  pool: MysqlPool,
  schema: string,
  owner: string,
  ticket: string,
  instances: readonly string[],
  limit: number,
): Promise<AdoptedSend[]> {
  if (instances.length === 0) return [];
  const gone = await findGone(pool, schema, owner);
  if (gone.length === 0) return [];
  const seqs = await findOldest(pool, schema, gone, instances, limit);
  if (seqs.length === 0) return [];
  const { rows } = await transact<Omit<AdoptedSend, 'body'>>(pool, {
    choose: [
      {
        sql: `SELECT seq, send_id AS sendId, instance, chat, integration, kind, caller, message_id AS messageId,
                     request_id AS requestId, accepted_at AS acceptedAt, state, attempts
              FROM ${schema}_send WHERE seq IN (?) AND owner IN (?) AND state IN ('accepted', 'sending')
              ORDER BY seq FOR UPDATE`,
        values: [seqs, gone],
      },
    ],
    change(found) {
      const taken = found.map(({ seq }) => seq);
      if (taken.length === 0) return [];
      return handOver(schema, ticket, taken);
    },
  });
  const bodies = await readBodies(
    pool,
    schema,
    rows.map(({ seq }) => seq),
  );
  return rows.map(({ messageId, requestId, ...row }) => ({
    ...row,
    ...(messageId !== null && { messageId }),
    ...(requestId !== null && { requestId }),
    body: bodies.get(row.seq),
  }));
}

/**
 * Gives a process what it took under a ticket. In: owner, ticket, sends. Out: those that are its own now, or were already.
 * Locks: the sends, then what awaits them.
 */
export async function keepSends(
  pool: MysqlPool,
  schema: string,
  owner: string,
  ticket: string,
  sendIds: readonly string[],
): Promise<string[]> {
  const { rows } = await transact<{ seq: number; sendId: string }>(pool, {
    choose: [
      {
        sql: `SELECT seq, send_id AS sendId FROM ${schema}_send WHERE send_id IN (?) AND owner IN (?)
              ORDER BY seq FOR UPDATE`,
        values: [sendIds, [owner, ticket]],
      },
    ],
    change(found) {
      const own = found.map(({ seq }) => seq);
      return own.length === 0 ? [] : handOver(schema, owner, own);
    },
  });
  return rows.map(({ sendId }) => sendId);
}

const handOver = (schema: string, owner: string, seqs: readonly number[]): Statement[] =>
  ['send', 'unsettled_send'].map((table) => ({
    sql: `UPDATE ${schema}_${table} SET owner = ? WHERE seq IN (?)`,
    values: [owner, seqs],
  }));

/** Leaving out the living by name makes the server jump over what they have open. */
async function findGone(pool: MysqlPool, schema: string, owner: string): Promise<string[]> {
  const living = await pool.query<{ owner: string }[]>(
    `SELECT owner FROM ${schema}_send_worker WHERE expires_at >= ${NOW_MS}`,
  );
  const rows = await pool.query<{ owner: string }[]>(
    `SELECT DISTINCT owner FROM ${schema}_unsettled_send WHERE phase = 'open' AND owner NOT IN (?)`,
    [[owner, ...living.map((worker) => worker.owner)]],
  );
  return rows.map((row) => row.owner);
}

async function findOldest(
  pool: MysqlPool,
  schema: string,
  gone: readonly string[],
  instances: readonly string[],
  limit: number,
): Promise<number[]> {
  const rows = await pool.query<{ seq: number; parts: number }[]>(
    `SELECT seq, parts FROM ${schema}_unsettled_send
     WHERE phase = 'open' AND owner IN (?) AND instance IN (?) ORDER BY seq LIMIT ?`,
    [gone, instances, limit],
  );
  let parts = 0;
  return rows.filter((row, index) => (parts += row.parts) <= MOST_PARTS || index === 0).map(({ seq }) => seq);
}

/** In: seqs. Out: bodies by seq. Locks: none. Each piece is a row, and so a packet, of its own. */
async function readBodies(pool: MysqlPool, schema: string, seqs: readonly number[]): Promise<Map<number, Buffer>> {
  if (seqs.length === 0) return new Map();
  const rows = await pool.query<{ seq: number; body: Buffer }[]>(
    `SELECT seq, body FROM ${schema}_send_body WHERE seq IN (?) ORDER BY seq, part`,
    [seqs],
  );
  const pieces = new Map<number, Buffer[]>();
  for (const { seq, body } of rows) pieces.set(seq, [...(pieces.get(seq) ?? []), body]);
  return new Map([...pieces].map(([seq, bodies]) => [seq, Buffer.concat(bodies)]));
}
