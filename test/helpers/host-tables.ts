import { isMariadb, openSession, type TestSession } from './test-store';

/** Words that differ between the two kinds of database; names of tables and columns are quoted as in PostgreSQL. */
const WORDS = {
  postgres: { id: 'text', json: 'jsonb', status: '"InstanceConnectionStatus"' },
  mysql: { id: 'varchar(191)', json: 'json', status: `enum('open', 'close', 'connecting')` },
};

const reference = (table: string, column: string, parent: string, action = 'CASCADE') =>
  `CONSTRAINT "${table}_${column}_fkey" FOREIGN KEY ("${column}") REFERENCES "${parent}" ("id")
   ON DELETE ${action} ON UPDATE CASCADE`;
const ofInstance = (table: string) => reference(table, 'instanceId', 'Instance');

/** The host's tables as far as they matter here: its names, keys and indexes. MySQL has an index for every foreign key. */
function statements({ id, json, status }: Record<'id' | 'json' | 'status', string>): string[] {
  return [
    `CREATE TABLE "Instance" ("id" ${id} PRIMARY KEY, "name" varchar(255) NOT NULL,
       "connectionStatus" ${status} NOT NULL DEFAULT 'open', "ownerJid" varchar(100), "integration" varchar(100),
       "number" varchar(100), "businessId" varchar(100), "token" varchar(255), "clientName" varchar(100))`,
    `CREATE UNIQUE INDEX "Instance_name_key" ON "Instance" ("name")`,
    `CREATE TABLE "Session" ("id" ${id} PRIMARY KEY, "sessionId" ${id} NOT NULL, "creds" text,
       "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, ${reference('Session', 'sessionId', 'Instance')})`,
    `CREATE UNIQUE INDEX "Session_sessionId_key" ON "Session" ("sessionId")`,
    ...['Setting', 'Webhook'].flatMap((table) => [
      `CREATE TABLE "${table}" ("id" ${id} PRIMARY KEY, "instanceId" ${id} NOT NULL, ${ofInstance(table)})`,
      `CREATE UNIQUE INDEX "${table}_instanceId_key" ON "${table}" ("instanceId")`,
    ]),
    ...['Chat', 'Contact'].flatMap((table) => [
      `CREATE TABLE "${table}" ("id" ${id} PRIMARY KEY, "remoteJid" varchar(100) NOT NULL, "instanceId" ${id} NOT NULL,
         ${ofInstance(table)})`,
      `CREATE INDEX "${table}_instanceId_idx" ON "${table}" ("instanceId")`,
    ]),
    // Without an index for the instance in PostgreSQL, and so are most tables of bots.
    `CREATE TABLE "IntegrationSession" ("id" ${id} PRIMARY KEY, "instanceId" ${id} NOT NULL,
       ${ofInstance('IntegrationSession')})`,
    `CREATE TABLE "Message" ("id" ${id} PRIMARY KEY, "key" ${json} NOT NULL, "message" ${json} NOT NULL,
       "messageTimestamp" integer NOT NULL, "instanceId" ${id} NOT NULL, "sessionId" ${id}, ${ofInstance('Message')},
       ${reference('Message', 'sessionId', 'IntegrationSession', 'SET NULL')})`,
    `CREATE INDEX "Message_instanceId_idx" ON "Message" ("instanceId")`,
    `CREATE TABLE "MessageUpdate" ("id" ${id} PRIMARY KEY, "status" varchar(30) NOT NULL, "messageId" ${id} NOT NULL,
       "instanceId" ${id} NOT NULL, ${reference('MessageUpdate', 'messageId', 'Message')},
       ${ofInstance('MessageUpdate')})`,
    `CREATE INDEX "MessageUpdate_instanceId_idx" ON "MessageUpdate" ("instanceId")`,
    `CREATE INDEX "MessageUpdate_messageId_idx" ON "MessageUpdate" ("messageId")`,
    `CREATE TABLE "Media" ("id" ${id} PRIMARY KEY, "fileName" varchar(500) NOT NULL, "messageId" ${id} NOT NULL,
       "instanceId" ${id} NOT NULL, ${reference('Media', 'messageId', 'Message')}, ${ofInstance('Media')})`,
    `CREATE UNIQUE INDEX "Media_messageId_key" ON "Media" ("messageId")`,
  ];
}

const COLUMNS = {
  Session: 'sessionId',
  Setting: 'instanceId',
  Webhook: 'instanceId',
  Chat: 'instanceId',
  Contact: 'instanceId',
  IntegrationSession: 'instanceId',
  Message: 'instanceId',
  MessageUpdate: 'instanceId',
  Media: 'instanceId',
} as const;

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
    await query(`CREATE TYPE "InstanceConnectionStatus" AS ENUM ('open', 'close', 'connecting')`);
  }
  for (const statement of statements(inMysql ? WORDS.mysql : WORDS.postgres)) await query(statement);
  return {
    query,
    close: session.close,
    async fill(id, messages) {
      for (const statement of filling(id, messages)) await query(statement);
    },
    async rowsOf(id) {
      const all: Record<string, unknown[]> = { Instance: await query(`SELECT * FROM "Instance" WHERE "id" = '${id}'`) };
      for (const [table, column] of Object.entries(COLUMNS)) {
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
