import type { MysqlPool } from './pool';
import { settle } from './send-rows';
import { transact } from './transact';

/** NULL would make the greatest of them unknown. */
const END = `GREATEST(accepted_at, COALESCE(sent_at, 0), COALESCE(server_ack_at, 0), COALESCE(delivered_at, 0),
  COALESCE(read_at, 0), COALESCE(ended_at, 0))`;

/**
 * Deletes sends that came to their end before a time, the oldest first; what WhatsApp has not spoken of as well.
 *
 * In: milliseconds since 1970, limit. Out: how many went. Locks: the sends deleted, then what awaits them.
 * Walks the index of acceptance, past what was accepted before the time and still open, or acknowledged after it.
 */
export async function purgeSends(pool: MysqlPool, schema: string, before: number, limit: number): Promise<number> {
  const { rows } = await transact<{ seq: number }>(pool, {
    choose: [
      {
        sql: `SELECT seq FROM ${schema}_send
              WHERE accepted_at < ? AND state NOT IN ('accepted', 'sending') AND ${END} < ?
              ORDER BY accepted_at LIMIT ? FOR UPDATE`,
        values: [before, before, limit],
      },
    ],
    change(chosen) {
      if (chosen.length === 0) return [];
      const seqs = chosen.map(({ seq }) => seq);
      return [...settle(schema, seqs), { sql: `DELETE FROM ${schema}_send WHERE seq IN (?)`, values: [seqs] }];
    },
  });
  return rows.length;
}
