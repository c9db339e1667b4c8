import { createPool } from 'mariadb';
import { Pool } from 'pg';
import { connectionOptions } from '../../../src/stores/mysql/connection-options';

/** Sessions with either kind of database. Names are in double quotes, parameters are `?`. */
export interface Sql {
  readonly isMariadb: boolean;
  query<Row>(statement: string, values?: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

export function openSql(url: string, connections: number): Sql {
  if (url.startsWith('mysql:')) {
    const pool = createPool({ ...connectionOptions(url), connectionLimit: connections });
    return {
      isMariadb: true,
      query: <Row>(statement: string, values: readonly unknown[] = []) =>
        pool.query<Row[]>(statement.replaceAll('"', '`'), [...values]),
      close: () => pool.end(),
    };
  }
  const pool = new Pool({ connectionString: url, application_name: 'host', max: connections });
  pool.on('error', () => undefined); // the statement under way rejects
  return {
    isMariadb: false,
    async query<Row>(statement: string, values: readonly unknown[] = []) {
      let place = 0;
      const text = statement.replaceAll('?', () => `$${(place += 1)}`);
      return (await pool.query(text, [...values])).rows as Row[];
    },
    close: () => pool.end(),
  };
}
