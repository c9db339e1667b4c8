import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { createLog } from '../../src/core/log';
import type { HostRows } from '../../src/stores/host-rows';
import { openHostRows } from '../../src/stores/open-host-rows';
import { openHostTables, type HostTables } from '../helpers/host-tables';
import { createDatabase } from '../helpers/services';
import { DATABASES } from '../helpers/test-store';

const MESSAGES = 40;
const STRANGE = `é 漢字 👩‍👩‍👧 \\ ' " \` % ? $1 -- \r\n`;
const open = (url: string) => openHostRows(url, createLog('silent'));

/** Calls it until all is gone. @returns what each call has deleted. */
async function purgeAll(rows: HostRows, id: string, limit: number): Promise<number[]> {
  const numbers = [];
  for (let number = await rows.purge(id, limit); number > 0; number = await rows.purge(id, limit)) numbers.push(number);
  return numbers;
}

describe.each(DATABASES)("the host's tables in $kind", ({ create }) => {
  let url: string;
  let host: HostTables;
  let rows: HostRows;

  beforeAll(async () => {
    url = await create();
    host = await openHostTables(url);
    rows = await open(url);
    // What an operator may have added: without a way to the instance but over messages, and not deleted with them.
    const [{ type } = { type: '' }] = await host.query<{ type: string }>(
      `SELECT data_type AS type FROM information_schema.columns WHERE table_name = 'Message' AND column_name = 'id'`,
    );
    await host.query(
      `CREATE TABLE "Note" ("id" integer PRIMARY KEY, "messageId" ${type === 'text' ? 'text' : 'varchar(191)'} NOT NULL,
         CONSTRAINT "Note_messageId_fkey" FOREIGN KEY ("messageId") REFERENCES "Message" ("id") ON DELETE RESTRICT)`,
    );
    await host.query('CREATE INDEX "Note_messageId_idx" ON "Note" ("messageId")');
  });

  afterAll(async () => {
    await rows.stop();
    await host.close();
  });

  const filled = async (messages = 3) => {
    const id = randomUUID();
    await host.fill(id, messages);
    return id;
  };

  it('finds instances by name, id and client name', async () => {
    const [id, other] = [await filled(), await filled()];
    const instance = await rows.findById(id);
    expect(instance).toEqual({
      ...{ id, name: `name of ${id}`, connectionStatus: 'open', ownerJid: '5511@s.whatsapp.net' },
      ...{ integration: 'WHATSAPP-BAILEYS', token: `token of ${id}`, clientName: 'client' },
      ...{ number: null, businessId: null },
    });
    expect(await rows.findByName(`name of ${id}`)).toEqual(instance);
    expect(await rows.findById('nobody')).toBeUndefined();
    expect(await rows.findByName('nobody')).toBeUndefined();
    await rows.hide(other, { name: other, clientName: 'hidden' });
    const listed = await rows.list('client');
    expect(listed).toContainEqual(instance);
    expect(listed.map((each) => each.id)).not.toContain(other);
    expect(await rows.list('nobody')).toEqual([]);
  });

  it('tells whether an instance was ever connected, and notes that it is not now', async () => {
    const id = await filled();
    expect(await rows.wasPaired(id)).toBe(true);
    await host.query(`UPDATE "Instance" SET "ownerJid" = NULL WHERE "id" = '${id}'`);
    expect(await rows.wasPaired(id)).toBe(false);
    expect(await rows.wasPaired('nobody')).toBe(false);
    await rows.close(id);
    expect(await rows.findById(id)).toMatchObject({ connectionStatus: 'close' });
  });

  it('hides an instance and shows it again, with all that it has', async () => {
    const id = await filled();
    const before = await host.rowsOf(id);
    const hidden = { name: `deleted ${id}`, clientName: 'deleted' };
    expect(await rows.hide(id, hidden)).toBe(true);
    expect(await rows.hide(id, hidden)).toBe(true);
    expect(await rows.findById(id)).toMatchObject({ ...hidden, token: null });
    const shown = { name: STRANGE, token: STRANGE, clientName: 'client' };
    expect(await rows.show(id, shown)).toBe(true);
    expect(await rows.findByName(STRANGE)).toMatchObject({ id, ...shown, connectionStatus: 'close' });
    const after = await host.rowsOf(id);
    expect({ ...after, Instance: before['Instance'] }).toEqual(before);
    expect(await rows.hide('nobody', hidden)).toBe(false);
    await host.query(
      `UPDATE "Instance" SET "integration" = 'EVOLUTION', "connectionStatus" = 'open' WHERE "id" = '${id}'`,
    );
    await rows.show(id, shown);
    expect(await rows.findById(id)).toMatchObject({ connectionStatus: 'open' }); // it needs no pairing
    expect(await rows.show('nobody', { ...shown, name: 'nobody' })).toBe(false);
  });

  it('does not show an instance under a name that another one has', async () => {
    const [id, other] = [await filled(), await filled()];
    await rows.hide(id, { name: id, clientName: 'deleted' });
    const shown = { name: `name of ${other}`, token: null, clientName: null };
    await expect(rows.show(id, shown)).rejects.toMatchObject({ code: 'GUARD_INSTANCE_NAME_TAKEN' });
    expect(await rows.findById(id)).toMatchObject({ name: id, clientName: 'deleted' });
  });

  it('reads, replaces, deletes and writes the creds of one instance', async () => {
    const [id, other] = [await filled(), await filled()];
    expect(await rows.readSession(id)).toBe(`{"creds":"of ${id}"}`);
    await rows.writeSession(id, STRANGE);
    expect(await rows.readSession(id)).toBe(STRANGE);
    await rows.deleteSession(id);
    await rows.deleteSession(id);
    expect(await rows.readSession(id)).toBeUndefined();
    await rows.writeSession(id, 'anew');
    expect(await rows.readSession(id)).toBe('anew');
    expect(await rows.readSession(other)).toBe(`{"creds":"of ${other}"}`);
  });

  it('counts the rows of an instance by table', async () => {
    const id = await filled(5);
    const five = { Chat: 5, Contact: 5, IntegrationSession: 5, Message: 5, Media: 5 };
    expect(await rows.count(id)).toEqual({ ...five, MessageUpdate: 10, Session: 1, Setting: 1, Webhook: 1 });
    expect(await rows.count('nobody')).toEqual({});
  });

  it('purges an instance, so many rows at a time, and leaves every row of another', async () => {
    const [id, other] = [await filled(MESSAGES), await filled(MESSAGES)];
    const notes = [id, other].flatMap((of, place) => [0, 1, 2].map((n) => `(${place * 10 + n}, '${of}-${n}')`));
    await host.query(`INSERT INTO "Note" ("id", "messageId") VALUES ${notes.join()}`);
    const before = await host.rowsOf(other);
    const first = await rows.purge(id, 7);
    expect(first).toBe(7);
    expect(await rows.findById(id)).toBeDefined();
    const numbers = await purgeAll(rows, id, 7);
    expect(Math.max(...numbers)).toBe(7);
    expect(numbers.at(-1)).toBe(1);
    expect(Object.values(await host.rowsOf(id)).flat()).toEqual([]);
    expect(await host.rowsOf(other)).toEqual(before);
    expect(await host.query('SELECT "id" FROM "Note" ORDER BY "id"')).toEqual([{ id: 10 }, { id: 11 }, { id: 12 }]);
    expect(await rows.purge(id, 7)).toBe(0);
    await host.query('DELETE FROM "Note"');
  });

  it('keeps the instance itself until nothing else is left of it', async () => {
    const id = await filled(MESSAGES);
    let left = await rows.count(id);
    while (Object.keys(left).length > 0) {
      expect(await rows.findById(id)).toBeDefined();
      expect(await rows.purge(id, 50)).toBeGreaterThan(0);
      left = await rows.count(id);
    }
    expect(await rows.findById(id)).toBeDefined();
    expect(await purgeAll(rows, id, 50)).toEqual([1]);
  });

  it('waits for nobody who changes rows of another instance', async () => {
    // So many rows that the planner would rather walk the tables.
    const [id, other] = [await filled(20 * MESSAGES), await filled()];
    await host.query('BEGIN');
    for (const table of ['Message', 'MessageUpdate', 'Chat', 'Contact', 'IntegrationSession', 'Media']) {
      await host.query(`UPDATE "${table}" SET "instanceId" = "instanceId" WHERE "instanceId" = '${other}'`);
    }
    await host.query(`UPDATE "Instance" SET "ownerJid" = NULL WHERE "id" = '${other}'`);
    expect((await purgeAll(rows, id, 1_000)).at(-1)).toBe(1);
    expect(await rows.hide(id, { name: id, clientName: 'deleted' })).toBe(false);
    await host.query('ROLLBACK');
  });

  it('is purged by two processes at once no worse than by one', async () => {
    const [id, other] = [await filled(MESSAGES), await filled(MESSAGES)];
    const before = await host.rowsOf(other);
    const rival = await open(url);
    const both = await Promise.all([purgeAll(rows, id, 9), purgeAll(rival, id, 9)]);
    expect(both.flat().filter((number) => number > 9)).toEqual([]);
    expect(Object.values(await host.rowsOf(id)).flat()).toEqual([]);
    expect(await host.rowsOf(other)).toEqual(before);
    await rival.stop();
  });

  it('says that these are not the tables of a host, and reads them once they are there', async () => {
    const empty = await create();
    const early = await open(empty);
    await expect(early.purge('nobody', 1)).rejects.toThrow('hangs on');
    const late = await openHostTables(empty);
    expect(await early.purge('nobody', 1)).toBe(0);
    await late.close();
    await early.stop();
  });
});

it('leaves what somebody holds for the next time, where the database can tell', async () => {
  const url = await createDatabase();
  const [host, rows] = [await openHostTables(url), await open(url)];
  await host.fill('shop', MESSAGES);
  await host.query('BEGIN');
  await host.query(`UPDATE "Message" SET "messageTimestamp" = 1 WHERE "id" = 'shop-0'`);
  // Chats, contacts, two updates and a message each, session, setting and webhook.
  const free = 5 * MESSAGES + 3 - 1;
  expect(await rows.purge('shop', free)).toBe(free);
  expect(await rows.count('shop')).toEqual({ Message: 1, Media: 1, IntegrationSession: MESSAGES });
  await host.query('ROLLBACK');
  expect((await purgeAll(rows, 'shop', 100)).at(-1)).toBe(1);
  await rows.stop();
  await host.close();
});

it('keeps to the schema that Prisma is told of', async () => {
  const url = await createDatabase();
  const hosts = [await openHostTables(url, 'public'), await openHostTables(url, 'Other "one"'.replaceAll('"', '_'))];
  for (const host of hosts) await host.fill('same', 3);
  const before = await hosts[0]?.rowsOf('same');
  const rows = await open(`${url}?schema=Other%20_one_&connection_limit=5`);
  expect((await purgeAll(rows, 'same', 100)).at(-1)).toBe(1);
  expect(Object.values((await hosts[1]?.rowsOf('same')) ?? {}).flat()).toEqual([]);
  expect(await hosts[0]?.rowsOf('same')).toEqual(before);
  await rows.stop();
  for (const host of hosts) await host.close();
});
