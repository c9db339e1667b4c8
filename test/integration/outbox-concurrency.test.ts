import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { OutboxStore, PendingRow } from '../../src/stores/outbox-store';
import { outboxRow } from '../helpers/outbox-rows';
import {
  untilLockWait,
  DATABASES,
  openSession,
  openTestEngine,
  openTestStore,
  type TestStore,
} from '../helpers/test-store';

/** Several processes on one outbox: engines of their own, as hosts have. */
describe.each(DATABASES)('several hosts on one $kind', ({ create }) => {
  let store: TestStore;
  let others: TestStore['outbox'][];
  const ends: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    store = await openTestStore(await create());
    const engines = await Promise.all([1, 2, 3].map(() => openTestEngine(store.url)));
    others = engines.map(({ outbox }) => outbox);
    ends.push(...engines.map(({ close }) => close), store.close);
  });

  afterAll(() => Promise.all(ends.map((end) => end())));

  const read = (partition: number): Promise<PendingRow[]> => {
    const everything = { exceptSeqs: [], exceptChatKeys: [], exceptReceivers: [], rows: 10_000, bytes: 1e9 };
    return store.outbox.fetch({ sink: 'rabbitmq', partitions: [partition], ...everything });
  };

  it('write to the same chats in any order at once: none fails, and numbers and seqs rise together', async () => {
    const chats = Array.from({ length: 12 }, (_, number) => `${number}@g.us`);
    const write = async (outbox: OutboxStore, turn: number) => {
      for (let round = 0; round < 15; round += 1) {
        const order = turn % 2 === 0 ? chats : [...chats].reverse();
        await outbox.append(order.map((chat) => outboxRow({ chat, partition: 1 })));
      }
    };
    await Promise.all([...others, ...others].map(write));
    const rows = await read(1);
    for (const chat of chats) {
      const numbers = rows.filter((row) => row.chat === chat).map(({ chatSequence }) => chatSequence);
      expect(numbers).toEqual(Array.from({ length: 90 }, (_, index) => index + 1));
    }
  });

  it('never see a later event of a chat before an earlier one', async () => {
    let writing = true;
    const write = async (outbox: OutboxStore) => {
      for (let round = 0; round < 60; round += 1) await outbox.append([outboxRow({ partition: 2 })]);
    };
    const look = async () => {
      while (writing) {
        const numbers = (await read(2)).map(({ chatSequence }) => chatSequence);
        expect(numbers).toEqual(numbers.map((_, index) => index + 1));
      }
    };
    const looking = look();
    await Promise.all(others.map(write)).finally(() => (writing = false));
    await looking;
    expect(await read(2)).toHaveLength(180);
  });

  it('wait for the one that has begun to write in a chat, and go behind it', async () => {
    await store.outbox.append([outboxRow({ chat: 'held@g.us', partition: 3 })]);
    const other = await openSession(store.url);
    await other.query('START TRANSACTION');
    const counter = `UPDATE {chat_sequence} SET LAST = LAST + 1 WHERE chat = 'held@g.us'`;
    await other.query(counter.replaceAll('LAST', store.url.startsWith('mysql') ? 'last_number' : 'last'));
    const appended = store.outbox.append([outboxRow({ chat: 'held@g.us', partition: 3 })]);
    await untilLockWait(store);
    await other.query('COMMIT');
    await other.close();
    expect(await appended).toMatchObject([{ chatSequence: 3 }]);
  });

  it('never hold the same partition at the same time, however many ask at once', async () => {
    for (let round = 0; round < 10; round += 1) {
      const owners = Array.from({ length: 6 }, () => randomUUID());
      const held = await Promise.all(
        owners.map((owner, turn) => (others[turn % 3] ?? store.outbox).lease(owner, 60_000, 11)),
      );
      const partitions = held.flat().map(({ partition }) => partition);
      expect([partitions.length, new Set(partitions).size]).toEqual([64, 64]);
      await Promise.all(owners.map((owner) => store.outbox.resign(owner)));
    }
  });

  it('mark what each of them delivers at once', async () => {
    const rows = Array.from({ length: 300 }, (_, number) => outboxRow({ partition: number % 6, chat: `${number}` }));
    const places = (await store.outbox.append(rows)) ?? [];
    const share = async (outbox: OutboxStore) => {
      const owner = randomUUID();
      const leases = new Map((await outbox.lease(owner, 60_000, 64)).map(({ partition, epoch }) => [partition, epoch]));
      const mine = rows.flatMap(({ partition }, index) => {
        const epoch = leases.get(partition);
        return epoch === undefined ? [] : [{ seq: places[index]?.seq ?? 0, partition, epoch }];
      });
      const half = Math.ceil(mine.length / 2);
      const halves = [mine.slice(0, half), mine.slice(half)];
      await Promise.all(halves.map((deliveries) => outbox.markDelivered(owner, deliveries)));
    };
    const before = (await store.outbox.backlog()).pending;
    await Promise.all(others.map(share));
    expect(before - (await store.outbox.backlog()).pending).toBe(300);
  });

  it('leave an event in one state that is delivered and parked at once', async () => {
    const rows = Array.from({ length: 100 }, (_, number) => outboxRow({ chat: `${number}`, partition: 7 }));
    const seqs = ((await store.outbox.append(rows)) ?? []).map(({ seq }) => seq);
    for (const owner of await store.query<{ owner: string | null }>('SELECT DISTINCT owner FROM {relay_lease}')) {
      if (owner.owner) await store.outbox.resign(owner.owner);
    }
    const owner = randomUUID();
    const leases = await store.outbox.lease(owner, 60_000, 64);
    const { epoch } = leases.find(({ partition }) => partition === 7) ?? { epoch: -1 };
    const [delivering = store.outbox, parking = store.outbox] = others;
    for (const seq of seqs) {
      const delivered = delivering.markDelivered(owner, [{ seq, partition: 7, epoch }]);
      await Promise.all([delivered, parking.park(seq, 'GUARD_TEST: at once.')]);
    }
    const states = await store.query<{ seq: number }>(
      `SELECT seq FROM {delivered} UNION ALL SELECT seq FROM {dead_letter} UNION ALL SELECT seq FROM {pending}`,
    );
    const counts = seqs.map((seq) => states.filter((state) => Number(state.seq) === seq).length);
    expect(counts).toEqual(seqs.map(() => 1));
  });
});
