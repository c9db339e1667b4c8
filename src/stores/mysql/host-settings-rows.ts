import type { Connection } from 'mariadb';
import { describe, GuardError } from '../../core/errors';
import type { Log } from '../../core/log';
import type { HostSettingsRows, TextRow } from '../host-settings-rows';
import { byInstance, homelessIn, insertionsOf, settingsTables } from '../settings-tables';
import type { Column, SettingsTable, Insertion, Reference } from '../settings-tables';
import { asDatabaseError, StatementError, withoutStatement } from './errors';
import { MysqlPool } from './pool';

/** One transaction is all that runs at a time. */
const CONNECTIONS = 1;
const PATIENCE_MS = 300_000;

/** Times are written and read as UTC, whatever zone the server is in. */
const ZONE = "SET time_zone = '+00:00'";
const SNAPSHOT = `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY`;

/** Foreign keys within the database of the URI. Locks: none. */
const REFERENCES = `
SELECT TABLE_NAME AS \`table\`, COLUMN_NAME AS \`column\`, REFERENCED_TABLE_NAME AS parent
FROM information_schema.KEY_COLUMN_USAGE
WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_SCHEMA = DATABASE() AND ORDINAL_POSITION = 1
ORDER BY CONSTRAINT_NAME`;

/** Columns that take values. */
const COLUMNS = `
SELECT TABLE_NAME AS \`table\`, COLUMN_NAME AS name, DATA_TYPE AS type
FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = DATABASE() AND COALESCE(GENERATION_EXPRESSION, '') = ''
ORDER BY TABLE_NAME, ORDINAL_POSITION`;

const quoted = (name: string) => `\`${name.replaceAll('`', '``')}\``;
const isBytes = ({ type }: Column) => /blob$|binary$/i.test(type);

/** Rows of one table for instances. In: ids. Out: every column as text, bytes in hexadecimal. Locks: none. */
function selection({ name, key, columns }: SettingsTable): string {
  const texts = columns.map((column) => {
    const value = isBytes(column) ? `HEX(${quoted(column.name)})` : `CAST(${quoted(column.name)} AS CHAR)`;
    return `${value} AS ${quoted(column.name)}`;
  });
  return `SELECT ${texts.join(', ')} FROM ${quoted(name)} WHERE ${quoted(key)} IN (?)`;
}

/** In: the values of one row. Locks: the row written, and those that it refers to. */
function insert({ table, columns }: Insertion): string {
  const names = columns.map(({ name }) => quoted(name));
  const values = columns.map((column) => (isBytes(column) ? 'UNHEX(?)' : '?'));
  return `INSERT INTO ${quoted(table.name)} (${names.join(', ')}) VALUES (${values.join(', ')})`;
}

/** @param uri the host's own. */
export function createMysqlSettingsRows({ uri, log }: { uri: string; log: Log }): HostSettingsRows {
  const pool = new MysqlPool({ uri, connections: CONNECTIONS, log });

  const transaction = async <T>(begin: string, work: (connection: Connection) => Promise<T>): Promise<T> => {
    const run = async (connection: Connection) => {
      try {
        await connection.query(`${ZONE}; ${begin}`);
        const result = await work(connection);
        await connection.query('COMMIT');
        return result;
      } catch (error) {
        await connection.query('ROLLBACK').catch(() => connection.end()); // the connection may be what failed
        throw error;
      }
    };
    return pool.use(run, PATIENCE_MS).catch((error: unknown) => Promise.reject(asOwnError(error)));
  };

  return {
    kind: 'mysql',
    dump: (instanceIds) =>
      transaction(SNAPSHOT, async (connection) => {
        const tables = await tablesOf(connection);
        const found: TextRow[][] = [];
        for (const table of tables) found.push(await connection.query<TextRow[]>(selection(table), [instanceIds]));
        return byInstance(tables, found);
      }),
    homeless: (given) =>
      transaction('START TRANSACTION READ ONLY', async (connection) => homelessIn(await tablesOf(connection), given)),
    load: (given) =>
      transaction('START TRANSACTION', async (connection) => {
        for (const insertion of insertionsOf(await tablesOf(connection), given)) {
          const values = insertion.rows.map((row) => insertion.columns.map(({ name }) => row[name] ?? null));
          await connection.batch(insert(insertion), values);
        }
      }),
    stop: () => pool.end(),
  };
}

async function tablesOf(connection: Connection): Promise<SettingsTable[]> {
  return settingsTables(await connection.query<Reference[]>(REFERENCES), await connection.query<Column[]>(COLUMNS));
}

function asOwnError(error: unknown): GuardError {
  const told = withoutStatement(error);
  if (!(told instanceof StatementError && told.isDuplicate)) return asDatabaseError(told);
  return new GuardError('GUARD_BACKUP_OCCUPIED', `${describe(told)}.`, { cause: told });
}
