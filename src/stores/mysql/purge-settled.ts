import type { MysqlPool } from './pool';
import { transact } from './transact';

/**
 * Deletes events that have been in one of the two final states since before a time, the oldest first.
 *
 * In: milliseconds since 1970, limit. Out: how many went. Locks: the rows deleted, in both tables; none that capture or
 * the relay touch. Walks the index of the state by time, then the primary key of outbox.
 */
async function purge(
  pool: MysqlPool,
  schema: string,
  state: { table: 'delivered' | 'dead_letter'; since: 'delivered_at' | 'dead_at' },
  before: number,
  limit: number,
): Promise<number> {
  const { rows } = await transact<{ seq: number }>(pool, {
    choose: [
      {
        sql: `SELECT seq FROM ${schema}_${state.table} WHERE ${state.since} < ? ORDER BY ${state.since} LIMIT ?
              FOR UPDATE`,
        values: [before, limit],
      },
    ],
    change(chosen) {
      if (chosen.length === 0) return [];
      const seqs = chosen.map(({ seq }) => seq);
      return [state.table, 'payload_part', 'outbox'].map((table) => ({
        sql: `DELETE FROM ${schema}_${table} WHERE seq IN (?)`,
        values: [seqs],
      }));
    },
  });
  return rows.length;
}

export function purgeDelivered(pool: MysqlPool, schema: string, before: number, limit: number): Promise<number> {
  return purge(pool, schema, { table: 'delivered', since: 'delivered_at' }, before, limit);
}

export function purgeDead(pool: MysqlPool, schema: string, before: number, limit: number): Promise<number> {
  return purge(pool, schema, { table: 'dead_letter', since: 'dead_at' }, before, limit);
}
