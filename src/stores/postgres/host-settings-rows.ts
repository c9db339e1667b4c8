import { escapeIdentifier, escapeLiteral, type ClientBase } from 'pg';
import { describe, GuardError } from '../../core/errors';
import type { Log } from '../../core/log';
import type { HostSettingsRows, TextRow } from '../host-settings-rows';
import { byInstance, homelessIn, insertionsOf, settingsTables } from '../settings-tables';
import type { Column, SettingsTable, Insertion, Reference } from '../settings-tables';
import { asDatabaseError, createPool } from './pool';

/** One transaction is all that runs at a time. */
const CONNECTIONS = 1;
/** Rows in one statement. */
const BATCH = 500;
/** What text is written as does not depend on how the server is set up. Texts are UTC, and floats whole. */
const AS_TEXT = `SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC';
SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'`;

/** Foreign keys of one column within a schema. In: its name. Locks: none. */
const REFERENCES = `
SELECT child.relname AS "table", attname AS "column", parent.relname AS parent
FROM pg_constraint
JOIN pg_class child ON child.oid = conrelid
JOIN pg_class parent ON parent.oid = confrelid
JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
WHERE contype = 'f' AND cardinality(conkey) = 1 AND connamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
ORDER BY conname`;

/** Columns that take values. In: the schema. A type without its length: a cast would cut off what the column refuses. */
const COLUMNS = `
SELECT relname AS "table", attname AS name, format_type(atttypid, -1) AS type
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND relkind IN ('r', 'p')
  AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
ORDER BY relname, attnum`;

/** Rows of one table for instances. In: ids. Out: every column as text. Locks: none. */
function selection(schema: string, { name, key, columns }: SettingsTable): string {
  const texts = columns.map((column) => `${escapeIdentifier(column.name)}::text AS ${escapeIdentifier(column.name)}`);
  return `SELECT ${texts.join(', ')} FROM ${schema}.${escapeIdentifier(name)} WHERE ${escapeIdentifier(key)} = ANY($1)`;
}

/** In: the rows as JSON objects of texts. Locks: the rows written, and those that they refer to. */
function insert(schema: string, { table, columns }: Insertion): string {
  const names = columns.map(({ name }) => escapeIdentifier(name));
  const values = columns.map(({ name, type }) => `(given ->> ${escapeLiteral(name)})::${type}`);
  return `INSERT INTO ${schema}.${escapeIdentifier(table.name)} (${names.join(', ')})
SELECT ${values.join(', ')} FROM json_array_elements($1::json) given`;
}

/** @param uri the host's own; its parameter `schema` counts, as it does for Prisma. */
export function createPostgresSettingsRows({ uri, log }: { uri: string; log: Log }): HostSettingsRows {
  const pool = createPool({ uri, connections: CONNECTIONS, log });
  const schemaName = new URL(uri).searchParams.get('schema') ?? 'public';
  const schema = escapeIdentifier(schemaName);

  const tablesOf = async (client: ClientBase) => {
    const references = await client.query<Reference>(REFERENCES, [schemaName]);
    const columns = await client.query<Column>(COLUMNS, [schemaName]);
    return settingsTables(references.rows, columns.rows);
  };

  const transaction = async <T>(mode: string, work: (client: ClientBase) => Promise<T>): Promise<T> => {
    const client = await pool.connect().catch((error: unknown) => Promise.reject(asDatabaseError(error)));
    try {
      await client.query(`BEGIN ISOLATION LEVEL ${mode}; ${AS_TEXT}`);
      const result = await work(client);
      await client.query('COMMIT');
      client.release();
      return result;
    } catch (error) {
      client.release(true); // ends the transaction, whatever state the connection is in
      throw asOwnError(error);
    }
  };

  return {
    kind: 'postgresql',
    dump: (instanceIds) =>
      transaction('REPEATABLE READ READ ONLY', async (client) => {
        const tables = await tablesOf(client);
        const found: TextRow[][] = [];
        for (const table of tables) {
          found.push((await client.query<TextRow>(selection(schema, table), [instanceIds])).rows);
        }
        return byInstance(tables, found);
      }),
    homeless: (given) =>
      transaction('READ COMMITTED READ ONLY', async (client) => homelessIn(await tablesOf(client), given)),
    load: (given) =>
      transaction('READ COMMITTED', async (client) => {
        for (const insertion of insertionsOf(await tablesOf(client), given)) {
          const { rows } = insertion;
          for (let at = 0; at < rows.length; at += BATCH) {
            await client.query(insert(schema, insertion), [JSON.stringify(rows.slice(at, at + BATCH))]);
          }
        }
      }),
    stop: () => pool.end(),
  };
}

function asOwnError(error: unknown): GuardError {
  const { code, detail } = error as { code?: unknown; detail?: unknown };
  if (code !== '23505') return asDatabaseError(error);
  const told = typeof detail === 'string' ? detail : describe(error);
  return new GuardError('GUARD_BACKUP_OCCUPIED', told, { cause: error });
}
