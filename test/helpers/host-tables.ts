import { hostTables, TABLES_OF_INSTANCES } from '../../scripts/host/tables';
import { isMariadb, openSession, type TestSession } from './test-store';

export interface HostTables extends TestSession {
  /** Adds an instance, open and paired, with rows in every table: so many messages, each with two updates and a medium. */
  readonly fill: (id: string, messages: number) => Promise<void>;
  /** All rows of an instance, by table, with its own. */
  readonly rowsOf: (id: string) => Promise<Record<string, unknown[]>>;
}

/** Makes the host's tables; names in what is asked are quoted as in PostgreSQL. */
export async function openHostTables(url: string, schema = 'public'): Promise<HostTables> {
  const session = await openSession(url);
  const inMysql = isMariadb(url);
  const { query } = session;
  if (inMysql) {
    await query(`SET SESSION sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES'`);
    await query('ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci');
  } else {
    await query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
    await query(`SET search_path TO "${schema}"`);
  }
  for (const statement of hostTables(inMysql)) await query(statement);
  return {
    query,
    close: session.close,
    async fill(id, messages) {
      for (const statement of filling(id, messages)) await query(statement);
    },
    async rowsOf(id) {
      const all: Record<string, unknown[]> = { Instance: await query(`SELECT * FROM "Instance" WHERE "id" = '${id}'`) };
      for (const [table, column] of Object.entries(TABLES_OF_INSTANCES)) {
        all[table] = await query(`SELECT * FROM "${table}" WHERE "${column}" = '${id}' ORDER BY "id"`);
      }
      return all;
    },
  };
}

function filling(id: string, messages: number): string[] {
  const numbers = Array.from({ length: messages }, (_, number) => number);
  const rows = (row: (number: number) => string) => numbers.map((number) => `(${row(number)})`).join();
  return [
    `INSERT INTO "Instance" ("id", "name", "ownerJid", "integration", "token", "clientName")
     VALUES ('${id}', 'name of ${id}', '5511@s.whatsapp.net', 'WHATSAPP-BAILEYS', 'token of ${id}', 'client')`,
    `INSERT INTO "Session" ("id", "sessionId", "creds") VALUES ('s-${id}', '${id}', '{"creds":"of ${id}"}')`,
    ...['Setting', 'Webhook'].map((table) => `INSERT INTO "${table}" ("id", "instanceId") VALUES ('${id}', '${id}')`),
    ...['Chat', 'Contact'].map(
      (table) =>
        `INSERT INTO "${table}" ("id", "remoteJid", "instanceId") VALUES ${rows((n) => `'${id}-${n}', '${n}@g.us', '${id}'`)}`,
    ),
    `INSERT INTO "IntegrationSession" ("id", "instanceId") VALUES ${rows((n) => `'${id}-${n}', '${id}'`)}`,
    `INSERT INTO "Message" ("id", "key", "message", "messageTimestamp", "instanceId", "sessionId")
     VALUES ${rows((n) => `'${id}-${n}', '{}', '{"conversation":"${n}"}', ${n}, '${id}', '${id}-${n}'`)}`,
    ...['DELIVERY_ACK', 'READ'].map(
      (status) =>
        `INSERT INTO "MessageUpdate" ("id", "status", "messageId", "instanceId")
         VALUES ${rows((n) => `'${id}-${n}-${status}', '${status}', '${id}-${n}', '${id}'`)}`,
    ),
    `INSERT INTO "Media" ("id", "fileName", "messageId", "instanceId")
     VALUES ${rows((n) => `'${id}-${n}', 'file', '${id}-${n}', '${id}'`)}`,
  ];
}
