import type { MysqlPool } from './pool';
import { transact, type Statement } from './transact';

/**
 * Locks what a statement chooses and changes it; in a dry run only reads it.
 *
 * @param change called with at least one row.
 */
export async function changeChosen<Row>(
  pool: MysqlPool,
  { sql, values }: Statement,
  dryRun: boolean,
  change: (rows: Row[]) => readonly Statement[],
): Promise<Row[]> {
  if (dryRun) return pool.query<Row[]>(sql, values);
  const choose = [{ sql: `${sql} FOR UPDATE`, values }];
  const { rows } = await transact<Row>(pool, { choose, change: (found) => (found.length > 0 ? change(found) : []) });
  return rows;
}
