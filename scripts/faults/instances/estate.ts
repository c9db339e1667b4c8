import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostTables, TABLES_OF_INSTANCES } from '../../host/tables';
import { CLIENT_NAME } from './host/monitor';
import type { Sql } from './sql';
import type { WhatsApp } from './whatsapp';

/** Rows of an instance, by table, with its own; its session is not among them. */
export type Counts = Record<string, number>;

export interface Filling {
  /** Of each instance: each has two updates and a medium, and for every ten there is a chat and a contact. */
  messages: number;
  /** Whether it is linked to a phone, and open. */
  isPaired: boolean;
}

/** Files of keys that a paired instance has. */
const KEYS = 5;
const PER_CHAT = 10;
/** Sessions of bots that an instance has at most. The host's table has no index for its instance. */
const MOST_BOTS = 20;
/** Of the host's tables: those that lose nothing when a session ends. */
const KEPT = Object.keys(TABLES_OF_INSTANCES).filter((table) => table !== 'Session');

/** The host's tables and folder, and what is in them. */
export class Estate {
  constructor(
    private readonly sql: Sql,
    private readonly whatsApp: WhatsApp,
    /** Where the hosts run. */
    private readonly folder: string,
  ) {}

  async prepare(): Promise<void> {
    for (const statement of hostTables(this.sql.isMariadb)) await this.sql.query(statement);
  }

  /** Adds instances called `<prefix>-1` and so on; their ids are the same. @returns those. */
  async fill(prefix: string, count: number, { messages, isPaired }: Filling): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, place) => `${prefix}-${place + 1}`);
    await this.insert('Instance', ['id', 'name', 'connectionStatus', 'ownerJid', 'integration', 'token', 'clientName'], ids.map((id) => [
      ...[id, id, isPaired ? 'open' : 'close', isPaired ? '5511999999999@s.whatsapp.net' : null],
      ...['WHATSAPP-BAILEYS', `token of ${id}`, CLIENT_NAME],
    ])); // prettier-ignore
    if (isPaired) await this.pair(ids);
    for (const statement of filling(prefix, messages, this.sql.isMariadb)) await this.sql.query(statement);
    return ids;
  }

  /** Rows of each instance that has some, by id. */
  async count(): Promise<Map<string, Counts>> {
    const counts = new Map<string, Counts>();
    const note = (id: string, table: string, number: number | string) =>
      counts.set(id, { ...counts.get(id), [table]: Number(number) });
    for (const { id } of await this.sql.query<{ id: string }>('SELECT "id" FROM "Instance"')) note(id, 'Instance', 1);
    for (const table of KEPT) {
      const rows = await this.sql.query<{ id: string; number: number | string }>(
        `SELECT "instanceId" AS id, COUNT(*) AS number FROM "${table}" GROUP BY "instanceId"`,
      );
      for (const { id, number } of rows) note(id, table, number);
    }
    return counts;
  }

  /** How many files with keys an instance has. */
  keyFiles(id: string): number {
    const folder = join(this.folder, 'instances', id);
    return existsSync(folder) ? readdirSync(folder).length : 0;
  }

  private async pair(ids: readonly string[]): Promise<void> {
    const sessions = ids.map((id) => {
      const device = randomUUID();
      this.whatsApp.know(id, device);
      const folder = join(this.folder, 'instances', id);
      mkdirSync(folder, { recursive: true });
      for (let key = 0; key < KEYS; key += 1)
        writeFileSync(join(folder, `pre-key-${key}.json`), JSON.stringify({ device, of: id }));
      return [`s-${id}`, id, JSON.stringify(JSON.stringify({ device, noiseKey: `noise of ${id}` }))];
    });
    await this.insert('Session', ['id', 'sessionId', 'creds'], sessions);
  }

  private async insert(table: string, columns: readonly string[], rows: readonly unknown[][]): Promise<void> {
    const names = columns.map((column) => `"${column}"`).join();
    const places = `(${columns.map(() => '?').join()})`;
    const values = rows.map(() => places).join();
    await this.sql.query(`INSERT INTO "${table}" (${names}) VALUES ${values}`, rows.flat());
  }
}

/** All tables of the instances of a prefix, made by the server itself. */
function filling(prefix: string, messages: number, isMariadb: boolean): string[] {
  const numbers = (count: number) =>
    isMariadb ? `(SELECT seq FROM seq_1_to_${count}) AS n` : `generate_series(1, ${count}) AS n (seq)`;
  const json = isMariadb ? `'{}'` : `'{}'::jsonb`;
  const [of, chats] = [`i."id" LIKE '${prefix}-%'`, Math.max(1, Math.ceil(messages / PER_CHAT))];
  const bots = Math.min(chats, MOST_BOTS);
  const name = `CONCAT(i."id", '-', n.seq)`;
  const each = (count: number) => `FROM "Instance" AS i CROSS JOIN ${numbers(count)} WHERE ${of}`;
  const statements = [
    ...['Setting', 'Webhook'].map(
      (table) => `INSERT INTO "${table}" ("id", "instanceId") SELECT i."id", i."id" FROM "Instance" AS i WHERE ${of}`,
    ),
    ...['Chat', 'Contact'].map(
      (table) =>
        `INSERT INTO "${table}" ("id", "remoteJid", "instanceId") SELECT ${name}, CONCAT(n.seq, '@g.us'), i."id" ${each(chats)}`,
    ),
    `INSERT INTO "IntegrationSession" ("id", "instanceId") SELECT ${name}, i."id" ${each(bots)}`,
  ];
  if (messages === 0) return statements;
  return [
    ...statements,
    `INSERT INTO "Message" ("id", "key", "message", "messageTimestamp", "instanceId", "sessionId")
     SELECT ${name}, ${json}, ${json}, n.seq, i."id", CONCAT(i."id", '-', 1 + n.seq % ${bots}) ${each(messages)}`,
    ...['DELIVERY_ACK', 'READ'].map(
      (status) =>
        `INSERT INTO "MessageUpdate" ("id", "status", "messageId", "instanceId")
         SELECT CONCAT(${name}, '-${status}'), '${status}', ${name}, i."id" ${each(messages)}`,
    ),
    `INSERT INTO "Media" ("id", "fileName", "messageId", "instanceId") SELECT ${name}, 'file', ${name}, i."id" ${each(messages)}`,
  ];
}
