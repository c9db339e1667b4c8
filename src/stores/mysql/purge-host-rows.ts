import { isOfInstance, type HostTable, type Words } from '../host-tables';
import type { MysqlPool } from './pool';
import { transact } from './transact';

/**
 * Deletes some rows of one table. In: table, id of the instance, limit. Out: how many went.
 * Locks: the rows deleted, for two trips; somebody who deletes the same waits, and finds the next ones. Both indexes are
 * named, as the server would rather walk a table in which the instance has many rows, and wait for every row that somebody
 * else is changing. READ COMMITTED: no gaps between the rows are locked but those of what names them.
 */
export async function deleteSome(
  pool: MysqlPool,
  words: Words,
  table: HostTable,
  id: string,
  limit: number,
): Promise<number> {
  const [name, rowKey] = [words.table(table.name), words.column(table.rowKey)];
  const isOwn = isOfInstance(table, words);
  const index = table.key.index === null ? '' : `FORCE INDEX (${words.column(table.key.index)})`;
  const { outcomes } = await transact<{ rowKey: unknown }>(pool, {
    choose: [
      {
        sql: `SELECT ${rowKey} AS rowKey FROM ${name} ${index} WHERE ${isOwn} LIMIT ? FOR UPDATE`,
        values: [id, limit],
      },
    ],
    change: (rows) =>
      rows.length === 0
        ? []
        : [
            {
              sql: `DELETE own FROM ${name} AS own FORCE INDEX (PRIMARY) WHERE own.${rowKey} IN (?) AND ${isOwn}`,
              values: [rows.map((row) => row.rowKey), id],
            },
          ],
  });
  return outcomes.length > 1 ? (outcomes[0]?.affectedRows ?? 0) : 0; // the last is the end of the transaction
}
