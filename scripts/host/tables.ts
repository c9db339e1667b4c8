/** Words that differ between the two kinds of database; names of tables and columns are quoted as in PostgreSQL. */
const WORDS = {
  postgres: { id: 'text', json: 'jsonb', status: '"InstanceConnectionStatus"' },
  mysql: { id: 'varchar(191)', json: 'json', status: `enum('open', 'close', 'connecting')` },
};

/** As Prisma's migrations have it, whatever the database's own is. */
const COLLATION = 'DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';

const reference = (table: string, column: string, parent: string, action = 'CASCADE') =>
  `CONSTRAINT "${table}_${column}_fkey" FOREIGN KEY ("${column}") REFERENCES "${parent}" ("id")
   ON DELETE ${action} ON UPDATE CASCADE`;
const ofInstance = (table: string) => reference(table, 'instanceId', 'Instance');

/**
 * Statements that make the host's tables, as far as they matter to instances: names, keys and indexes. MySQL has an index for
 * every foreign key.
 */
export function hostTables(isMysql: boolean): string[] {
  const { id, json, status } = isMysql ? WORDS.mysql : WORDS.postgres;
  const statements = [
    ...(isMysql ? [] : [`CREATE TYPE "InstanceConnectionStatus" AS ENUM ('open', 'close', 'connecting')`]),
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
  if (!isMysql) return statements;
  return statements.map((each) => (each.startsWith('CREATE TABLE') ? `${each} ${COLLATION}` : each));
}

/** Tables that hold rows of instances, with the column that names the instance. */
export const TABLES_OF_INSTANCES = {
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
