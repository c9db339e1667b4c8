import { createPool as createMariadbPool } from 'mariadb';
import { Pool } from 'pg';

/** What the host's database says of the one instance. */
export interface InstanceSettings {
  rabbitmq: { enabled: boolean; events: string[] };
  webhook: { url: string; enabled: boolean; events: string[] } | null;
}

export interface HostSettings {
  read(): Promise<InstanceSettings>;
}

/** As many as the host's own pool has on a small machine: those that hang use it up. */
const CONNECTIONS = 5;
const READ = 'SELECT value FROM host_settings';

/** Read for every batch of events, as by the host: without time limits, which the host has none of either. */
export function openHostSettings(databaseUrl: string): HostSettings {
  const query = databaseUrl.startsWith('mysql:') ? mariadbQuery(databaseUrl) : postgresQuery(databaseUrl);
  return {
    async read() {
      const [row] = await query(READ);
      if (!row) throw new Error('the host has no settings');
      return JSON.parse(row.value) as InstanceSettings;
    },
  };
}

/** The statements that make the host's table, in an empty database. */
export function settingsTable(settings: InstanceSettings): string[] {
  return [
    'CREATE TABLE host_settings (value text NOT NULL)',
    `INSERT INTO host_settings VALUES ('${JSON.stringify(settings)}')`,
  ];
}

type Query = (statement: string) => Promise<{ value: string }[]>;

function postgresQuery(connectionString: string): Query {
  const pool = new Pool({ connectionString, application_name: 'host', max: CONNECTIONS });
  pool.on('error', () => undefined);
  return async (statement) => (await pool.query<{ value: string }>(statement)).rows;
}

function mariadbQuery(url: string): Query {
  const { hostname: host, port, username: user, pathname } = new URL(url);
  const pool = createMariadbPool({
    host,
    port: Number(port),
    user,
    database: pathname.slice(1),
    connectionLimit: CONNECTIONS,
  });
  return (statement) => pool.query<{ value: string }[]>(statement);
}
