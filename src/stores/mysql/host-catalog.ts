import { hostTables, type ForeignKey, type HostTable } from '../host-tables';
import type { MysqlPool } from './pool';

/**
 * Reads which tables hang on Instance. In: nothing. Out: tables, in the order in which they are to be emptied. Locks: none.
 * Servers that keep names in lower case call it `instance`. Tables without a primary key are left to cascades.
 */
export async function readHostTables(pool: MysqlPool): Promise<HostTable[]> {
  const rows = await pool.query<(Omit<ForeignKey, 'isIndexed'> & { isIndexed: number })[]>(
    `SELECT k.TABLE_NAME AS \`table\`, k.COLUMN_NAME AS \`column\`,
       IF(LOWER(k.REFERENCED_TABLE_NAME) = 'instance', 'Instance', k.REFERENCED_TABLE_NAME) AS parent,
       k.REFERENCED_COLUMN_NAME AS parentColumn, own.COLUMN_NAME AS rowKey,
       CASE WHEN r.DELETE_RULE = 'CASCADE' THEN 'cascade' WHEN r.DELETE_RULE LIKE 'SET %' THEN 'forget' ELSE 'refuse' END
         AS onDelete,
       EXISTS (SELECT 1 FROM information_schema.STATISTICS AS s
               WHERE s.TABLE_SCHEMA = k.TABLE_SCHEMA AND s.TABLE_NAME = k.TABLE_NAME AND s.COLUMN_NAME = k.COLUMN_NAME
                 AND s.SEQ_IN_INDEX = 1) AS isIndexed
     FROM information_schema.KEY_COLUMN_USAGE AS k
     JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r
       ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME
          AND r.TABLE_NAME = k.TABLE_NAME
     JOIN information_schema.STATISTICS AS own
       ON own.TABLE_SCHEMA = k.TABLE_SCHEMA AND own.TABLE_NAME = k.TABLE_NAME AND own.INDEX_NAME = 'PRIMARY'
          AND own.SEQ_IN_INDEX = 1
     WHERE k.TABLE_SCHEMA = DATABASE() AND k.REFERENCED_TABLE_SCHEMA = DATABASE() AND k.ORDINAL_POSITION = 1
     ORDER BY k.TABLE_NAME, k.CONSTRAINT_NAME`,
  );
  return hostTables(rows.map((row) => ({ ...row, isIndexed: Boolean(row.isIndexed) })));
}
