import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RowsRefused, type NewOutboxRow, type OutboxStore } from '../../src/stores/outbox-store';
import { outboxRow } from '../helpers/outbox-rows';
import { DATABASES, openTestStore, type TestStore } from '../helpers/test-store';

const MEBIBYTE = 1024 * 1024;

/** All four lengths of UTF-8, and what SQL, JSON and terminals mind. */
const STRANGE = 'é ß 漢字 👩‍👩‍👧 🏴 \\ \' " ` % _ \u0001 \u001a \r\n\t \u2028 \\u0000 \\0 ?, ; -- /* $1 {schema}';

const withPayload = (payload: string, fields: Partial<NewOutboxRow> = {}) =>
  outboxRow({ ...fields, payload, payloadBytes: Buffer.byteLength(payload) });

describe.each(DATABASES)('what $kind keeps of an event', ({ kind, create }) => {
  let store: TestStore;
  let outbox: OutboxStore;

  beforeAll(async () => {
    store = await openTestStore(await create());
    ({ outbox } = store);
  });

  afterAll(() => store.close());

  const read = async (partition: number, rows = 1_000) => {
    const everything = { exceptSeqs: [], exceptChatKeys: [], exceptReceivers: [], rows, bytes: 1e9 };
    return outbox.fetch({ sink: 'rabbitmq', partitions: [partition], ...everything });
  };

  it('is its exact text, whatever characters are in it, and every other field', async () => {
    const names = { instance: `shop ${STRANGE}`, chat: `chat ${STRANGE}`, event: `event ${STRANGE}`, target: STRANGE };
    const keys = { receiverKey: -2_147_483_648, chatKey: 2_147_483_647, partition: 1, capturedAt: 1_793_268_000_123 };
    const row = withPayload(JSON.stringify({ text: STRANGE }), { ...names, ...keys });
    const places = await outbox.append([row]);
    expect(await read(1)).toEqual([{ ...row, ...places?.[0], attempts: 0 }]);
    expect(await store.deadLetters.payload(row.eventId)).toBe(row.payload);
  });

  it('tells apart names that differ by case, accent, width or a space at the end', async () => {
    const names = ['Shop', 'shop', 'shop ', 'shóp', 'sho\u0301p', 'ｓｈｏｐ', ' shop', ''];
    const rows = names.flatMap((name) => [outboxRow({ instance: name }), outboxRow({ instance: 'one', chat: name })]);
    const places = await outbox.append(rows.map((row) => ({ ...row, deadReason: 'GUARD_TEST: apart.' })));
    expect(places?.map(({ chatSequence }) => chatSequence)).toEqual(rows.map(() => 1));
    const everything = { afterSeq: 0, throughSeq: Number.MAX_SAFE_INTEGER, rows: 100 };
    for (const name of names) {
      expect(await store.deadLetters.list({ instance: name }, everything)).toHaveLength(1);
    }
    expect(await store.deadLetters.groups()).toHaveLength(names.length + 2);
  });

  it('is a text larger than a packet of the server, in its place between small ones', async () => {
    const large = (megabytes: number) => withPayload('"é\\'.repeat((megabytes * MEBIBYTE) / 4), { partition: 2 });
    const small = () => withPayload('{}', { partition: 2 });
    const rows = [small(), small(), large(20), small(), large(3), large(1), small()];
    const places = await outbox.append(rows);
    const found = await read(2);
    expect(found.map(({ seq, chatSequence }) => ({ seq, chatSequence }))).toEqual(places);
    expect(found.map(({ eventId }) => eventId)).toEqual(rows.map(({ eventId }) => eventId));
    expect(found.every(({ payload }, index) => payload === rows[index]?.payload)).toBe(true);
    expect((await store.deadLetters.payload(rows[1]?.eventId ?? ''))?.length).toBe(2);
    expect((await store.deadLetters.payload(rows[2]?.eventId ?? '')) === rows[2]?.payload).toBe(true);
  });

  it('is nothing where it has no form for it, and it says that trying again is of no use', async () => {
    const refused = { PostgreSQL: { instance: 'with\u0000nul' }, MariaDB: { instance: 'x'.repeat(256) } }[kind];
    const rows = [outboxRow({ partition: 4 }), outboxRow({ ...refused, partition: 4 })];
    await expect(outbox.append(rows)).rejects.toThrow(RowsRefused);
    expect(await read(4)).toEqual([]);
  });

  it('is what is missing of a batch, where a part of it was there before', async () => {
    const rows = Array.from({ length: 5 }, () => outboxRow({ partition: 5, chat: 'part@g.us' }));
    await outbox.append(rows.slice(1, 3));
    expect(await outbox.append(rows)).toBeUndefined();
    const found = await read(5);
    expect(new Set(found.map(({ eventId }) => eventId))).toEqual(new Set(rows.map(({ eventId }) => eventId)));
    expect(found).toHaveLength(5);
    const [twice] = rows.map((row) => ({ ...row, eventId: outboxRow().eventId }));
    expect(await outbox.append([twice as NewOutboxRow, twice as NewOutboxRow])).toBeUndefined();
    expect(await read(5)).toHaveLength(6);
  });
});
