import type { Pool } from 'pg';

/**
 * Deletes sends that came to their end before a time, the oldest first; what WhatsApp has not spoken of as well.
 *
 * In: milliseconds since 1970, limit. Out: how many went. Locks: the sends deleted, then what awaits them.
 * Walks the index of acceptance, past what was accepted before the time and still open, or acknowledged after it.
 */
const statement = (schema: string) => `
WITH old AS (
  SELECT seq FROM "${schema}".send
  WHERE accepted_at < to_timestamp($1 / 1000.0) AND state NOT IN ('accepted', 'sending')
    AND greatest(accepted_at, sent_at, server_ack_at, delivered_at, read_at, ended_at) < to_timestamp($1 / 1000.0)
  ORDER BY accepted_at LIMIT $2
  FOR UPDATE SKIP LOCKED
), forgotten AS (
  DELETE FROM "${schema}".unsettled_send WHERE seq = ANY(ARRAY(SELECT seq FROM old))
)
DELETE FROM "${schema}".send WHERE seq = ANY(ARRAY(SELECT seq FROM old))`;

export async function purgeSends(pool: Pool, schema: string, before: number, limit: number): Promise<number> {
  return (await pool.query(statement(schema), [before, limit])).rowCount ?? 0;
}
