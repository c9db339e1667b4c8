import type { Pool } from 'pg';
import { hostTables, type ForeignKey, type HostTable } from '../host-tables';

/**
 * Reads which tables hang on Instance. In: schema. Out: tables, in the order in which they are to be emptied. Locks: none.
 * A key counts as indexed where an index of all rows begins with it. Rows are told apart by their place (ctid), which
 * every table has, and which holds for as long as a row is locked.
 */
export async function readHostTables(pool: Pool, schema: string): Promise<HostTable[]> {
  const { rows } = await pool.query<ForeignKey>(
    `SELECT child.relname AS "table", own.attname AS "column", parent.relname AS parent,
       named.attname AS "parentColumn", 'ctid' AS "rowKey",
       CASE WHEN confdeltype = 'c' THEN 'cascade' WHEN confdeltype IN ('n', 'd') THEN 'forget' ELSE 'refuse' END
         AS "onDelete",
       EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = conrelid AND i.indkey[0] = conkey[1] AND i.indisvalid
               AND i.indpred IS NULL) AS "isIndexed"
     FROM pg_constraint
     JOIN pg_class AS child ON child.oid = conrelid
     JOIN pg_class AS parent ON parent.oid = confrelid AND parent.relnamespace = child.relnamespace
     JOIN pg_namespace AS n ON n.oid = child.relnamespace
     JOIN pg_attribute AS own ON own.attrelid = conrelid AND own.attnum = conkey[1]
     JOIN pg_attribute AS named ON named.attrelid = confrelid AND named.attnum = confkey[1]
     WHERE contype = 'f' AND cardinality(conkey) = 1 AND n.nspname = $1
     ORDER BY conname`,
    [schema],
  );
  return hostTables(rows);
}
