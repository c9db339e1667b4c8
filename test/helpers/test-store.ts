import { createConnection } from 'mariadb';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { createLog } from '../../src/core/log';
import type { Engine } from '../../src/stores/engine';
import { connectionOptions } from '../../src/stores/mysql/connection-options';
import { openEngine } from '../../src/stores/open-database';
import { createDatabase, createMariadbDatabase, startMariadb, startPostgres } from './services';

/** InnoDB looks anew at its transactions only if nobody has asked for 100 ms. */
const LOOK_MS = 120;

/** Every kind of database that holds the outbox, for describe.each. */
export const DATABASES = [
  { kind: 'PostgreSQL', create: createDatabase, start: startPostgres },
  { kind: 'MariaDB', create: createMariadbDatabase, start: startMariadb },
] as const;

/** What the first start of this version runs, in both kinds of database. */
export const MIGRATIONS = [
  '0001-outbox.sql',
  '0002-sends.sql',
  '0003-idempotency.sql',
  '0004-sequences.sql',
  '0005-instances.sql',
];

/** A session of its own, beside those of the engine. */
export interface TestSession {
  /** `{outbox}` stands for the table outbox, in words that both kinds of database understand. */
  readonly query: <Row>(sql: string) => Promise<Row[]>;
  readonly close: () => Promise<void>;
}

export const isMariadb = (url: string) => url.startsWith('mysql:');

/** The tables of schema `guard`. */
export async function openSession(url: string): Promise<TestSession> {
  if (!isMariadb(url)) {
    const client = new Client({ connectionString: url });
    await client.connect();
    const query = async <Row>(sql: string) => (await client.query(named(sql, 'guard.', 'partition'))).rows as Row[];
    return { query, close: () => client.end() };
  }
  const connection = await createConnection(connectionOptions(url));
  connection.on('error', () => undefined); // the next query tells
  const query = <Row>(sql: string) => connection.query<Row[]>(named(sql, 'guard_', 'partition_no'));
  return { query, close: () => connection.end() };
}

function named(sql: string, prefix: string, partition: string): string {
  return sql.replaceAll('{partition}', partition).replaceAll(/\{(\w+)\}/g, `${prefix}$1`);
}

export interface TestStore extends Engine {
  url: string;
  query: TestSession['query'];
}

export function openTestEngine(url: string, connections = 4): Promise<Engine> {
  return openEngine({ uri: url, schema: 'guard', pooled: false, connections, log: createLog('silent') });
}

/** The engine of a database, its tables made, with a session to look at them. */
export async function openTestStore(url: string): Promise<TestStore> {
  const engine = await openTestEngine(url);
  await engine.migrate('test');
  const session = await openSession(url);
  const close = async () => {
    await engine.close();
    await session.close();
  };
  return { ...engine, url, query: session.query, close };
}

/** Resolves when a session of this database waits for a lock. */
export async function untilLockWait({ url, query }: Pick<TestStore, 'url' | 'query'>): Promise<void> {
  const waits = isMariadb(url)
    ? `SELECT trx_id FROM information_schema.innodb_trx
       JOIN information_schema.processlist ON processlist.id = trx_mysql_thread_id
       WHERE trx_state = 'LOCK WAIT' AND db = DATABASE()`
    : `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
  while ((await query(waits)).length === 0) await pause(LOOK_MS);
}
