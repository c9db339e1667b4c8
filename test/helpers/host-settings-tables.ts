import { isMariadb, openSession, type TestSession } from './test-store';

/** A few of the host's tables, with every kind of column that matters to who copies rows. */
const POSTGRES = `
CREATE TYPE "InstanceConnectionStatus" AS ENUM ('open', 'close', 'connecting');
CREATE TABLE "Instance" (id text PRIMARY KEY, name varchar(255) NOT NULL UNIQUE,
  "connectionStatus" "InstanceConnectionStatus" NOT NULL DEFAULT 'open', "ownerJid" varchar(100), integration varchar(100), number varchar(100), "businessId" varchar(100),
  token varchar(255), "clientName" varchar(100), "disconnectionObject" jsonb, "createdAt" timestamp DEFAULT now());
CREATE TABLE "Session" (id text PRIMARY KEY, "sessionId" text NOT NULL UNIQUE REFERENCES "Instance" (id) ON DELETE CASCADE,
  creds text, "createdAt" timestamp NOT NULL DEFAULT now());
CREATE TABLE "AssistantSetting" (id text PRIMARY KEY, fallback text, "instanceId" text NOT NULL);
CREATE TABLE "Assistant" (id text PRIMARY KEY, "ignoreJids" jsonb, raw json, rate numeric(30, 12), ratio double precision,
  big bigint, bytes bytea, tags text[], at timestamptz, day date, enabled boolean, short varchar(5), code char(4),
  doubled bigint GENERATED ALWAYS AS (big * 2) STORED,
  "instanceId" text NOT NULL REFERENCES "Instance" (id) ON DELETE CASCADE);
ALTER TABLE "AssistantSetting" ADD CONSTRAINT fallback_key FOREIGN KEY (fallback) REFERENCES "Assistant" (id);
ALTER TABLE "AssistantSetting" ADD CONSTRAINT instance_key FOREIGN KEY ("instanceId") REFERENCES "Instance" (id);
CREATE TABLE "Message" (id text PRIMARY KEY, "instanceId" text NOT NULL REFERENCES "Instance" (id) ON DELETE CASCADE);
CREATE TABLE "IsOnWhatsapp" (id text PRIMARY KEY)`;

const MYSQL = `
CREATE TABLE Instance (id varchar(191) PRIMARY KEY, name varchar(255) NOT NULL UNIQUE,
  connectionStatus ENUM ('open', 'close', 'connecting') NOT NULL DEFAULT 'open', ownerJid varchar(100), integration varchar(100), number varchar(100), businessId varchar(100),
  token varchar(255), clientName varchar(100), disconnectionObject json, createdAt timestamp NULL DEFAULT CURRENT_TIMESTAMP) DEFAULT CHARACTER SET utf8mb4;
CREATE TABLE Session (id varchar(191) PRIMARY KEY, sessionId varchar(191) NOT NULL UNIQUE, creds text,
  createdAt timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  FOREIGN KEY (sessionId) REFERENCES Instance (id) ON DELETE CASCADE) DEFAULT CHARACTER SET utf8mb4;
CREATE TABLE Assistant (id varchar(191) PRIMARY KEY, ignoreJids json, raw longtext, rate decimal(30, 12), ratio double,
  big bigint, bytes varbinary(100), tags text, at timestamp(3) NULL, day date, enabled tinyint(1), short varchar(5),
  code char(4), doubled bigint GENERATED ALWAYS AS (big * 2) STORED, instanceId varchar(191) NOT NULL,
  FOREIGN KEY (instanceId) REFERENCES Instance (id) ON DELETE CASCADE) DEFAULT CHARACTER SET utf8mb4;
CREATE TABLE AssistantSetting (id varchar(191) PRIMARY KEY, fallback varchar(191), instanceId varchar(191) NOT NULL,
  FOREIGN KEY (fallback) REFERENCES Assistant (id), FOREIGN KEY (instanceId) REFERENCES Instance (id)) DEFAULT CHARACTER SET utf8mb4;
CREATE TABLE Message (id varchar(191) PRIMARY KEY, instanceId varchar(191) NOT NULL,
  FOREIGN KEY (instanceId) REFERENCES Instance (id) ON DELETE CASCADE) DEFAULT CHARACTER SET utf8mb4;
CREATE TABLE IsOnWhatsapp (id varchar(191) PRIMARY KEY) DEFAULT CHARACTER SET utf8mb4`;

export const SETTINGS_TABLES = ['Instance', 'Session', 'Assistant', 'AssistantSetting'];

/** A host's database with the tables of settings, one of messages, and one that belongs to no instance. */
export async function createHostTables(url: string): Promise<TestSession> {
  const session = await openSession(url);
  await session.query(isMariadb(url) ? MYSQL : POSTGRES);
  return session;
}

/** Instances `i-<name>` of an installation with a row in every table, and values that are easily spoilt. */
export async function fillHostTables(url: string, session: TestSession, names: readonly string[]): Promise<void> {
  const q = isMariadb(url) ? '`' : '"';
  const into = (table: string, columns: string, values: string) =>
    session.query(`INSERT INTO ${q}${table}${q} (${columns.replaceAll(/\w+/g, `${q}$&${q}`)}) VALUES (${values})`);
  const bytes = isMariadb(url) ? "x'00ff7f'" : String.raw`'\x00ff7f'`;
  const json = String.raw`'{"a": "Zoë \"😀\"", "n": 12345678901234567890.5}'`;
  const text = isMariadb(url) ? json.replaceAll('\\', '\\\\') : json;
  for (const name of names) {
    const id = `i-${name}`;
    await into(
      'Instance',
      'id, name, connectionStatus, ownerJid, integration, token, clientName, disconnectionObject, createdAt',
      `'${id}', '${name}', 'close', '5511900000000@s.whatsapp.net', 'WHATSAPP-BAILEYS', 'T-${name}', 'test', 'null', '2026-01-02 03:04:05'`,
    );
    await into('Session', 'id, sessionId, creds, createdAt', `'s-${name}', '${id}', '"{}"', '2026-01-02 03:04:05'`);
    await into(
      'Assistant',
      'id, ignoreJids, raw, rate, ratio, big, bytes, tags, at, day, enabled, short, code, instanceId',
      `'a-${name}', ${text}, ${text}, 123456789012345678.123456789012, 0.1234567890123456, 9007199254740993, ${bytes},
       '{a,"b c"}', '2026-01-02 03:04:05.678', '2026-01-02', true, 'Zoë', 'ab', '${id}'`,
    );
    await into('Assistant', 'id, instanceId', `'b-${name}', '${id}'`);
    await into('AssistantSetting', 'id, fallback, instanceId', `'t-${name}', 'a-${name}', '${id}'`);
    await into('Message', 'id, instanceId', `'m-${name}', '${id}'`);
  }
}

/** Everything in the tables of settings, each value as its server writes it. */
export async function hostRows(url: string, session: TestSession): Promise<Record<string, unknown[]>> {
  const all: Record<string, unknown[]> = {};
  for (const table of SETTINGS_TABLES) {
    const whole = isMariadb(url) ? await mariadbText(session, table) : `"${table}"::text`;
    const name = isMariadb(url) ? table : `"${table}"`;
    all[table] = await session.query(`SELECT id, ${whole} AS whole FROM ${name} ORDER BY id`);
  }
  return all;
}

async function mariadbText(session: TestSession, table: string): Promise<string> {
  const columns = await session.query<{ name: string }>(
    `SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '${table}' ORDER BY ORDINAL_POSITION`,
  );
  return `CONCAT_WS(',', ${columns.map(({ name }) => `IFNULL(HEX(CONCAT(${name})), 'NULL')`).join(', ')})`;
}
