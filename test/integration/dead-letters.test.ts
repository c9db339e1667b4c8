import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { discard, redrive, replay } from '../../src/events/dead-letters';
import type { DeadLetterStore } from '../../src/stores/dead-letters';
import type { OutboxStore } from '../../src/stores/outbox-store';
import { appendDelivered, outboxRow, stateOf } from '../helpers/outbox-rows';
import { untilLockWait, DATABASES, openSession, openTestStore, type TestStore } from '../helpers/test-store';

const everything = { afterSeq: 0, throughSeq: Number.MAX_SAFE_INTEGER, rows: 1_000 };
const forReal = { dryRun: false, maxBytes: 100 };
const dryRun = { dryRun: true, maxBytes: 100 };
const deadReason = 'GUARD_EVENT_MALFORMED: target.';
const tooLarge = 'GUARD_EVENT_TOO_LARGE: larger.';

describe.each(DATABASES)('dead letters in $kind', ({ create }) => {
  let database: TestStore;
  let outbox: OutboxStore;
  let store: DeadLetterStore;

  beforeEach(async () => {
    database = await openTestStore(await create());
    ({ outbox, deadLetters: store } = database);
  });

  afterEach(() => database.close());

  const pending = () =>
    outbox.fetch({
      sink: 'rabbitmq',
      partitions: [0],
      exceptSeqs: [],
      exceptChatKeys: [],
      exceptReceivers: [],
      rows: 10_000,
      bytes: 1e9,
    });

  it('are listed page by page in the order of seq, without what is pending or delivered, and without payloads', async () => {
    const dead = Array.from({ length: 5 }, () => outboxRow({ deadReason }));
    await outbox.append([outboxRow(), ...dead]);
    await appendDelivered(outbox, [outboxRow()]);
    const first = await store.list({}, { ...everything, rows: 3 });
    const second = await store.list({}, { ...everything, rows: 3, afterSeq: first.at(-1)?.seq ?? 0 });
    expect([...first, ...second].map(({ eventId }) => eventId)).toEqual(dead.map(({ eventId }) => eventId));
    expect(JSON.stringify(first)).not.toContain('secret');
    expect(first[1]).toMatchObject({ chatSequence: 3, attempts: 0, lastError: deadReason, deliveredAt: null });
  });

  it.each([
    ['instance', { instance: 'bar' }, { instance: 'bar' }],
    ['event', { event: 'call' }, { event: 'call' }],
    ['chat', { chat: 'b@g.us' }, { chat: 'b@g.us' }],
    ['sink', { sink: 'other' }, { sink: 'other' }],
    ['code', { deadReason: tooLarge }, { code: 'GUARD_EVENT_TOO_LARGE' }],
    ['first time', { capturedAt: 2_000 }, { from: 2_000 }],
    ['last time', { capturedAt: 500 }, { to: 1_000 }],
  ])('are filtered by %s', async (_name, fields, filter) => {
    const wanted = outboxRow({ deadReason, ...fields });
    await outbox.append([outboxRow({ deadReason }), wanted]);
    expect((await store.list(filter, everything)).map(({ eventId }) => eventId)).toEqual([wanted.eventId]);
    expect(await discard(store, filter, forReal)).toMatchObject({ changed: 1 });
    expect(await stateOf(database, wanted.eventId)).toBeUndefined();
  });

  it('are pending again after a redrive, with their id, place in the chat and reason, and their attempts count anew', async () => {
    const dead = outboxRow();
    await outbox.append([outboxRow(), dead, outboxRow()]);
    const before = (await pending())[1];
    await outbox.park(before?.seq ?? 0, deadReason);
    expect(await redrive(store, { eventIds: [dead.eventId] }, forReal)).toMatchObject({ changed: 1, notFound: [] });
    expect((await pending())[1]).toEqual(before);
    expect(await store.find(dead.eventId)).toMatchObject([{ attempts: 0, lastError: deadReason, deadAt: null }]);
  });

  it('stay where they are too large, until the limit is raised', async () => {
    const large = outboxRow({ deadReason: tooLarge, payloadBytes: 101 });
    const fits = outboxRow({ deadReason: tooLarge, payloadBytes: 100 });
    const otherReason = outboxRow({ deadReason, payloadBytes: 101 });
    await outbox.append([large, fits, otherReason]);
    expect(await redrive(store, {}, forReal)).toMatchObject({
      changed: 2,
      tooLarge: { count: 1, first: [{ eventId: large.eventId, payloadBytes: 101 }] },
    });
    expect(await stateOf(database, large.eventId)).toBe('dead');
    expect(await redrive(store, {}, { ...forReal, maxBytes: 101 })).toMatchObject({ changed: 1 });
    expect(await stateOf(database, large.eventId)).toBe('pending');
  });

  it('are all that a discard deletes, also where it is given the ids of others', async () => {
    const [waits, delivered, dead] = [outboxRow(), outboxRow(), outboxRow({ deadReason })];
    await outbox.append([waits, dead]);
    await appendDelivered(outbox, [delivered]);
    const unknown = randomUUID();
    const eventIds = [waits, delivered, dead].map(({ eventId }) => eventId);
    const outcome = await discard(store, { eventIds: [...eventIds, unknown] }, forReal);
    expect(outcome).toMatchObject({ changed: 1, notFound: [waits.eventId, delivered.eventId, unknown] });
    const states: unknown[] = [];
    for (const id of eventIds) states.push(await stateOf(database, id));
    expect(states).toEqual(['pending', 'delivered', undefined]);
  });

  it('that a redrive makes pending while a discard waits for them are not deleted', async () => {
    const dead = outboxRow({ deadReason });
    await outbox.append([dead]);
    const other = await openSession(database.url);
    await other.query('START TRANSACTION');
    await other.query(
      `INSERT INTO {pending} (seq, sink, receiver_key, {partition}, chat_key, payload_bytes)
       SELECT d.seq, sink, receiver_key, {partition}, chat_key, payload_bytes
       FROM {dead_letter} AS d JOIN {outbox} AS o ON o.seq = d.seq`,
    );
    await other.query('DELETE FROM {dead_letter}');
    const discarding = discard(store, {}, forReal);
    await untilLockWait(database);
    await other.query('COMMIT');
    await other.close();
    expect(await discarding).toMatchObject({ changed: 0 });
    expect(await stateOf(database, dead.eventId)).toBe('pending');
  });

  it('are redriven once each by two redrives at the same time', async () => {
    await outbox.append(Array.from({ length: 3_000 }, () => outboxRow({ deadReason })));
    const outcomes = await Promise.all([redrive(store, {}, forReal), redrive(store, {}, forReal)]);
    expect(outcomes.reduce((sum, { changed }) => sum + changed, 0)).toBe(3_000);
    expect(await pending()).toHaveLength(3_000);
  });

  it('and what was delivered are only counted by a dry run', async () => {
    const [delivered, dead] = [outboxRow(), outboxRow({ deadReason })];
    await appendDelivered(outbox, [delivered]);
    await outbox.append([dead]);
    expect(await redrive(store, {}, dryRun)).toMatchObject({ dryRun: true, changed: 1 });
    expect(await discard(store, {}, dryRun)).toMatchObject({ dryRun: true, changed: 1 });
    expect(await replay(store, {}, dryRun)).toMatchObject({ dryRun: true, changed: 1 });
    expect(await stateOf(database, delivered.eventId)).toBe('delivered');
    expect(await stateOf(database, dead.eventId)).toBe('dead');
  });

  it('are left alone by a replay, which takes what was delivered, in batches, in order and once each', async () => {
    const wanted = Array.from({ length: 2_500 }, () => outboxRow({ instance: 'again' }));
    await appendDelivered(outbox, [outboxRow(), ...wanted, outboxRow()]);
    await outbox.append([outboxRow({ instance: 'again', deadReason })]);
    const progress: number[] = [];
    const outcome = await replay(store, { instance: 'again' }, forReal, (changed) => progress.push(changed));
    expect(outcome).toMatchObject({ changed: 2_500 });
    expect(progress).toEqual([1_000, 2_000, 2_500]);
    const rows = await pending();
    expect(rows.map(({ eventId }) => eventId)).toEqual(wanted.map(({ eventId }) => eventId));
    expect(rows.map(({ chatSequence }) => chatSequence)).toEqual(wanted.map((_, index) => index + 1));
  });

  it('and what waits are counted by instance, event and sink, with the oldest that waits', async () => {
    await outbox.append([
      outboxRow({ capturedAt: 5_000 }),
      outboxRow({ capturedAt: 3_000 }),
      outboxRow({ capturedAt: 1_000, deadReason }),
      outboxRow({ instance: 'bar', event: 'call', deadReason }),
    ]);
    await appendDelivered(outbox, [outboxRow()]);
    const shop = { instance: 'shop', event: 'send.message', sink: 'rabbitmq', pending: 2, dead: 1 };
    const bar = { instance: 'bar', event: 'call', sink: 'rabbitmq', pending: 0, dead: 1, oldestCapturedAt: null };
    expect(await store.groups()).toEqual([{ ...shop, oldestCapturedAt: new Date(3_000) }, bar]);
  });
});
