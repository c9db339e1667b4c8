import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RunningService } from '../helpers/services';
import { startMariadb } from '../helpers/services';
import { outboxRow } from '../helpers/outbox-rows';
import {
  MIGRATIONS,
  openSession,
  openTestEngine,
  openTestStore,
  untilLockWait,
  type TestSession,
  type TestStore,
} from '../helpers/test-store';
import { recordingLog } from '../helpers/recording-log';
import { openEngine } from '../../src/stores/open-database';
import { RowsRefused } from '../../src/stores/outbox-store';

const MEBIBYTE = 1024 * 1024;
const everything = { exceptSeqs: [], exceptChatKeys: [], exceptReceivers: [], rows: 1_000, bytes: 1e9 };
const stretch = { afterSeq: 0, throughSeq: Number.MAX_SAFE_INTEGER, rows: 10 };

/** What administrators set for all sessions, as far as it could get in our way. */
const UNUSUAL = [
  `SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'`,
  `SET GLOBAL max_allowed_packet = ${4 * MEBIBYTE}`,
  `SET GLOBAL time_zone = '+05:45'`,
  `SET GLOBAL TRANSACTION ISOLATION LEVEL SERIALIZABLE`,
  // As the first of three members of a cluster.
  `SET GLOBAL auto_increment_increment = 3`,
  `SET GLOBAL character_set_server = 'latin1'`,
];

describe('a MariaDB with settings of its own', () => {
  let server: RunningService;
  let admin: TestSession;
  let store: TestStore;

  beforeAll(async () => {
    server = await startMariadb({ private: true });
    admin = await openSession(server.url);
    for (const setting of UNUSUAL) await admin.query(setting);
    store = await openTestStore(server.url);
  });

  afterAll(async () => {
    await store.close();
    await admin.close();
    await server.stop();
  });

  const read = (partition: number) => store.outbox.fetch({ sink: 'rabbitmq', partitions: [partition], ...everything });

  it('keeps texts and times, and tells the place of each row', async () => {
    const text = `\\ ' " \\' || é 漢 👍 ${'x'.repeat(100)}`;
    const rows = [1, 2, 3].map((capturedAt) => outboxRow({ instance: text, payload: text, capturedAt, partition: 1 }));
    const places = await store.outbox.append(rows);
    expect(await read(1)).toEqual(rows.map((row, index) => ({ ...row, ...places?.[index], attempts: 0 })));
    await store.outbox.park(places?.[0]?.seq ?? 0, 'GUARD_TEST: dead.');
    const [dead] = await store.deadLetters.list({}, stretch);
    expect(dead?.capturedAt).toEqual(new Date(1));
    expect(Math.abs((dead?.deadAt?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it('refuses what is too long for it, and never cuts it off', async () => {
    await expect(store.outbox.append([outboxRow({ instance: 'x'.repeat(256) })])).rejects.toThrow(RowsRefused);
  });

  it('locks the counters of chats and not the gaps between them: a new chat waits for nobody', async () => {
    await store.outbox.append(['a@g.us', 'z@g.us'].map((chat) => outboxRow({ chat, partition: 6 })));
    const other = await openSession(server.url);
    await other.query('START TRANSACTION');
    await other.query(
      `UPDATE {chat_sequence} SET last_number = last_number + 1 WHERE chat > 'a' AND sink = 'rabbitmq'`,
    );
    await expect(store.outbox.append([outboxRow({ chat: 'm@g.us', partition: 6 })])).resolves.toHaveLength(1);
    await other.query('ROLLBACK');
    await other.close();
  });

  it('takes events above its max_allowed_packet, and forgets all of them when they are purged or discarded', async () => {
    const large = (partition: number, deadReason?: string) => {
      const payload = '"'.repeat(9 * MEBIBYTE);
      return outboxRow({ payload, payloadBytes: payload.length, partition, ...(deadReason && { deadReason }) });
    };
    const rows = [large(2), large(3, 'GUARD_TEST: large.'), large(3, 'GUARD_TEST: large.')];
    await store.outbox.append(rows);
    expect((await read(2)).map(({ payload }) => payload === rows[0]?.payload)).toEqual([true]);
    const parts = async () => (await store.query('SELECT seq FROM {payload_part}')).length;
    expect(await parts()).toBe(27);
    await store.deadLetters.discard({ eventIds: [rows[1]?.eventId ?? ''] }, stretch, { dryRun: false });
    expect(await parts()).toBe(18);
    await store.outbox.purgeDead(Date.now() + 60_000, 100);
    expect(await parts()).toBe(9);
  });

  it('has tables made to the end after they were half made', async () => {
    await admin.query('CREATE DATABASE halves');
    const url = Object.assign(new URL(server.url), { pathname: '/halves' }).href;
    const half = await openTestStore(url);
    await half.query('DELETE FROM {migration}');
    await half.query('DELETE FROM {relay_lease} WHERE partition_no > 10');
    await half.query('DROP TABLE {pending}');
    await half.query('DROP TABLE {installation}');
    expect(await half.owner()).toBeUndefined();
    expect(await half.migrate('test')).toEqual(MIGRATIONS);
    expect(await half.migrate('test')).toEqual([]);
    expect(await half.outbox.append([outboxRow()])).toHaveLength(1);
    expect(await half.outbox.lease('9a4f9b1e-0000-7000-8000-000000000000', 1_000, 64)).toHaveLength(64);
    await half.close();
  });

  it('may choose a capture as the victim of a deadlock: it is written all the same', async () => {
    const chats = ['d1@g.us', 'd2@g.us'];
    const rows = () => chats.map((chat) => outboxRow({ chat, partition: 4 }));
    await store.outbox.append(rows());
    const other = await openSession(server.url);
    await other.query('START TRANSACTION');
    // The one that has written most survives.
    const much = Array.from({ length: 500 }, (_, number) => `('s', 'i', '${number}', 1)`).join();
    await other.query(`INSERT INTO {chat_sequence} VALUES ${much}`);
    const add = (chat?: string) => other.query(`UPDATE {chat_sequence} SET last_number = 10 WHERE chat = '${chat}'`);
    await add(chats[1]);
    const appended = store.outbox.append(rows());
    await untilLockWait(store);
    await add(chats[0]);
    await other.query('COMMIT');
    await other.close();
    expect(await appended).toMatchObject([{ chatSequence: 11 }, { chatSequence: 11 }]);
  });

  it('may end connections that nobody uses: it is logged, and the next statement opens another', async () => {
    const log = recordingLog();
    const ids = async () => {
      const all = await admin.query<{ id: number }>('SELECT id FROM information_schema.processlist');
      return all.map(({ id }) => id);
    };
    const before = new Set(await ids());
    const engine = await openEngine({ uri: server.url, schema: 'guard', pooled: false, connections: 2, log });
    await Promise.all([engine.outbox.backlog(), engine.outbox.backlog()]);
    for (const id of await ids()) if (!before.has(id)) await admin.query(`KILL ${id}`);
    await log.until(() => log.lines.length === 2);
    await expect(engine.outbox.backlog()).resolves.toMatchObject({ dead: 0 });
    await engine.close();
  });

  it('whose rows are locked by somebody for long says so, and its connection can be used again', async () => {
    const engine = await openTestEngine(server.url, 1);
    const other = await openSession(server.url);
    await other.query('START TRANSACTION');
    await other.query('SELECT partition_no FROM {relay_lease} FOR UPDATE');
    const leasing = engine.outbox.lease('9a4f9b1e-0000-7000-8000-000000000001', 1_000, 64);
    await untilLockWait(store);
    await expect(leasing).rejects.toThrow('Lock wait timeout');
    await other.query('ROLLBACK');
    await other.close();
    await expect(engine.outbox.append([outboxRow({ partition: 5 })])).resolves.toHaveLength(1);
    await engine.close();
  });
});
