import { isOfInstance, type HostTable, type Words } from '../host-tables';
import type { MysqlPool } from './pool';
import { transact } from './transact';

/**
 * Deletes some rows of one table. In: table, id of the instance, limit. Out: how many went.
 * Locks: the rows deleted, for two trips; somebody who deletes the same waits, and finds the next ones. READ COMMITTED: no
 * gaps between the rows are locked, but where the server looks for what names them.
 *
 * Two statements: for a DELETE with a LIMIT the server may walk the table, and wait for every row that somebody else is
 * changing. What the first one asks for is in the index of the instance as a whole; the second takes the rows by their keys.
 * With 300,000 messages, half of them the instance's, 1,000 rows take 40 ms, with the sync of their commit.
 */
export async function deleteSome(
  pool: MysqlPool,
  words: Words,
  table: HostTable,
  id: string,
  limit: number,
): Promise<number> {
  const [name, rowKey] = [words.table(table.name), words.column(table.key.rowKey)];
  const isOwn = isOfInstance(table, words);
  const { outcomes } = await transact<{ rowKey: unknown }>(pool, {
    choose: [
      {
        sql: `SELECT ${rowKey} AS rowKey FROM ${name} WHERE ${isOwn} LIMIT ? FOR UPDATE`,
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
