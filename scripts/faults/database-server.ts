import { createConnection } from 'mariadb';
import { Client } from 'pg';
import { connectionOptions } from '../../src/stores/mysql/connection-options';
import { startMariadb, startPostgres, type RunningService } from '../services';

export const DATABASES = ['postgres', 'mariadb'] as const;
export type DatabaseName = (typeof DATABASES)[number];

export interface Session {
  query<Row>(statement: string): Promise<Row[]>;
  end(): Promise<void>;
}

/** A server that a scenario may break, and what it takes to speak with either kind. */
export interface DatabaseServer extends RunningService {
  /** @returns the URL of a new, empty database. */
  createDatabase(name: string): Promise<string>;
  open(url: string): Promise<Session>;
  /** Lists the ids of all sessions in the database but that of who asks, as `id`. */
  readonly listSessions: string;
  /** Ends a session from outside. */
  readonly endSession: (id: number) => string;
}

export async function startDatabase(name: DatabaseName): Promise<DatabaseServer> {
  return name === 'mariadb' ? startOwnMariadb() : startOwnPostgres();
}

async function startOwnPostgres(): Promise<DatabaseServer> {
  const server = await startPostgres({ private: true });
  const open = async (url: string) => {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined); // the statement under way, or the next one, rejects
    await client.connect();
    const query = async <Row>(statement: string) => (await client.query(statement)).rows as Row[];
    return { query, end: () => client.end() };
  };
  return Object.assign(server, {
    open,
    createDatabase: (database: string) => createDatabase(server, open, database),
    listSessions:
      'SELECT pid AS id FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    endSession: (id: number) => `SELECT pg_terminate_backend(${id})`,
  });
}

async function startOwnMariadb(): Promise<DatabaseServer> {
  const server = await startMariadb({ private: true });
  const open = async (url: string) => {
    const connection = await createConnection(connectionOptions(url));
    connection.on('error', () => undefined);
    return {
      query: <Row>(statement: string) => connection.query<Row[]>(statement),
      end: () => connection.end(),
    };
  };
  return Object.assign(server, {
    open,
    createDatabase: (database: string) => createDatabase(server, open, database),
    listSessions: 'SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()',
    endSession: (id: number) => `KILL ${id}`,
  });
}

async function createDatabase({ url }: RunningService, open: DatabaseServer['open'], name: string): Promise<string> {
  const session = await open(url);
  await session.query(`CREATE DATABASE ${name}`);
  await session.end();
  return Object.assign(new URL(url), { pathname: `/${name}` }).href;
}
