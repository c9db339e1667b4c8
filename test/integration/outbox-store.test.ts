import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type Lease, type NewOutboxRow, type OutboxStore, type PendingRow } from '../../src/stores/outbox-store';
import { MIGRATIONS, DATABASES, openTestEngine, openTestStore, type TestStore } from '../helpers/test-store';

function row(number: number, chat = 'a@g.us', partition = 0): NewOutboxRow {
  const event = { sink: 'rabbitmq', instance: 'shop', chat, event: 'send.message', target: '{}' };
  return {
    ...event,
    eventId: randomUUID(),
    receiverKey: partition,
    chatKey: partition,
    partition,
    payload: `${number}`,
    payloadBytes: 1,
    capturedAt: 1_000,
  };
}

const everything = {
  sink: 'rabbitmq',
  partitions: [0, 1, 2],
  exceptSeqs: [],
  exceptChatKeys: [],
  exceptReceivers: [],
  rows: 1_000,
  bytes: 1_000_000,
};

describe.each(DATABASES)('the own tables in $kind', ({ create }) => {
  it('are created once, however many hosts start at the same time', async () => {
    const url = await create();
    const engines = await Promise.all([1, 2, 3, 4].map(() => openTestEngine(url, 1)));
    const ran = await Promise.all(engines.map((engine) => engine.migrate('shop')));
    expect(ran.filter((names) => names.length > 0)).toEqual([MIGRATIONS]);
    await Promise.all(engines.map((engine) => engine.close()));
  });

  it('of another installation are refused, and nothing in them changes', async () => {
    const url = await create();
    const engine = await openTestEngine(url);
    expect(await engine.owner()).toBeUndefined();
    await engine.migrate('first');
    await expect(engine.migrate('second')).rejects.toMatchObject({ code: 'GUARD_SCHEMA_FOREIGN' });
    expect(await engine.owner()).toBe('first');
    await engine.close();
  });

  it("are reached by the host's own URI, with the parameters that only Prisma knows", async () => {
    const parameters = 'schema=evolution_api&pgbouncer=true&connection_limit=3&pool_timeout=5&connect_timeout=10';
    const engine = await openTestEngine(`${await create()}?${parameters}`);
    await expect(engine.migrate('shop')).resolves.toEqual(MIGRATIONS);
    await engine.close();
  });

  it('are not there for a user or a database that the server does not know, and it says so', async () => {
    const url = await create();
    const wrong = [
      Object.assign(new URL(url), { username: 'nobody', password: 'wrong' }),
      Object.assign(new URL(url), { pathname: '/no_such_database' }),
    ];
    for (const { href } of wrong) {
      const engine = await openTestEngine(href);
      const error = await engine.migrate('shop').catch((reason: unknown) => engine.asDatabaseError(reason));
      expect(error).toMatchObject({ code: 'GUARD_DATABASE_REFUSED' });
      await engine.close();
    }
  });
});

describe.each(DATABASES)('the outbox in $kind', ({ create }) => {
  let store: TestStore;
  let outbox: OutboxStore;

  beforeAll(async () => {
    store = await openTestStore(await create());
    ({ outbox } = store);
  });

  afterAll(() => store.close());

  /** Marks rows as delivered, and gives their partitions back. */
  async function deliver(rows: readonly PendingRow[]): Promise<void> {
    const owner = randomUUID();
    const epochs = new Map((await outbox.lease(owner, 60_000, 64)).map(({ partition, epoch }) => [partition, epoch]));
    const deliveries = rows.map(({ seq, partition }) => ({ seq, partition, epoch: epochs.get(partition) ?? -1 }));
    await outbox.markDelivered(owner, deliveries);
    await outbox.resign(owner);
  }

  it('numbers events within their chats across batches and processes, without holes', async () => {
    const chats = ['n1@g.us', 'n2@g.us', 'n3@g.us'];
    const batch = (from: number) => Array.from({ length: 30 }, (_, n) => row(from + n, chats[(from + n) % 3]));
    await Promise.all([0, 100, 200, 300].map((from) => outbox.append(batch(from))));
    const rows = await outbox.fetch(everything);
    for (const chat of chats) {
      const sequences = rows.filter((item) => item.chat === chat).map(({ chatSequence }) => chatSequence);
      expect(sequences).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
    }
    await deliver(rows);
  });

  it('takes the repeat of a batch without writing it twice', async () => {
    const batch = [row(1, 'twice@g.us'), row(2, 'twice@g.us')];
    await outbox.append(batch);
    await outbox.append(batch);
    const rows = await outbox.fetch(everything);
    expect(rows.map(({ payload, chatSequence }) => [payload, chatSequence])).toEqual([['1', 1], ['2', 2]]); // prettier-ignore
    await deliver(rows);
  });

  it('gives what waits in order, within partitions, without rows and chats, and up to a size', async () => {
    const sized = (number: number, partition: number) => ({
      ...row(number, `f${partition}@g.us`, partition),
      payload: `${number}`.padEnd(100),
      payloadBytes: 100,
    });
    await outbox.append([sized(0, 0), sized(1, 1), sized(2, 2), sized(3, 0)]);
    const numbers = async (request: Partial<typeof everything>) =>
      (await outbox.fetch({ ...everything, ...request })).map(({ payload }) => Number(payload));
    const [first] = await outbox.fetch(everything);
    expect(await numbers({})).toEqual([0, 1, 2, 3]);
    expect(await numbers({ partitions: [0, 2] })).toEqual([0, 2, 3]);
    expect(await numbers({ exceptSeqs: [first?.seq ?? 0] as never[] })).toEqual([1, 2, 3]);
    expect(await numbers({ exceptChatKeys: [0] as never[] })).toEqual([1, 2]);
    expect(await numbers({ exceptReceivers: [1] as never[] })).toEqual([0, 2, 3]);
    expect(await numbers({ rows: 3 })).toEqual([0, 1, 2]);
    expect(await numbers({ bytes: 150 })).toEqual([0, 1]);
    expect(await numbers({ bytes: 1 })).toEqual([0]);
    await deliver(await outbox.fetch(everything));
  });

  it('a dead letter keeps its reason, waits for nobody, and is counted', async () => {
    await outbox.append([row(1, 'd@g.us'), { ...row(2, 'd@g.us'), deadReason: 'too large' }]);
    const rows = await outbox.fetch(everything);
    expect(rows.map(({ payload }) => payload)).toEqual(['1']);
    await outbox.park(rows[0]?.seq ?? 0, 'no such queue');
    expect(await outbox.backlog()).toEqual({ pending: 0, oldestCapturedAt: undefined, dead: 2 });
    const reasons = await store.query('SELECT last_error FROM {dead_letter} ORDER BY seq');
    expect(reasons).toEqual([{ last_error: 'no such queue' }, { last_error: 'too large' }]);
  });

  it('a partition belongs to one owner until it is given back or its lease ends', async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    expect(await outbox.lease(first, 60_000, 64)).toHaveLength(64);
    expect(await outbox.lease(second, 60_000, 64)).toEqual([]);
    expect(await outbox.lease(first, 60_000, 64)).toHaveLength(64);
    await outbox.resign(first);
    expect(await outbox.lease(second, 0, 64)).toHaveLength(64);
    expect(await outbox.lease(first, 60_000, 64)).toHaveLength(64);
    await outbox.resign(first);
  });

  it('an owner takes no more than its share, and gives single partitions back', async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    expect(await outbox.enlist(first, 60_000)).toBe(1);
    expect(await outbox.enlist(second, 60_000)).toBe(2);
    const held = await outbox.lease(first, 60_000, 40);
    expect(held).toHaveLength(40);
    expect(await outbox.lease(second, 60_000, 32)).toHaveLength(24);
    await outbox.release(first, held.slice(0, 8).map(({ partition }) => partition)); // prettier-ignore
    expect(await outbox.lease(second, 60_000, 32)).toHaveLength(32);
    expect(await outbox.lease(first, 60_000, 32)).toHaveLength(32);
    await outbox.resign(second);
    expect(await outbox.enlist(first, 60_000)).toBe(1);
    await outbox.resign(first);
  });

  it('the epoch of a partition rises when it changes hands, and not when its owner comes back late', async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    const epochOf = (leases: Lease[]) => leases.find(({ partition }) => partition === 5)?.epoch ?? NaN;
    const epoch = epochOf(await outbox.lease(first, 0, 64));
    expect(epochOf(await outbox.lease(first, 0, 64))).toBe(epoch);
    expect(epochOf(await outbox.lease(second, 0, 64))).toBe(epoch + 1);
    await outbox.resign(second);
  });

  it('a delivery is not marked by who has lost the partition since: a replay that came meanwhile stays pending', async () => {
    await outbox.append([row(1, 'e@g.us')]);
    const [late, next] = [randomUUID(), randomUUID()];
    const [pending] = await outbox.fetch(everything);
    const seq = pending?.seq ?? 0;
    const [before] = (await outbox.lease(late, 0, 64)).filter(({ partition }) => partition === 0);
    await outbox.lease(next, 60_000, 64);
    await outbox.markDelivered(late, [{ seq, partition: 0, epoch: before?.epoch ?? 0 }]);
    expect(await outbox.fetch(everything)).toHaveLength(1);
    await outbox.resign(next);
    await deliver([{ seq, partition: 0 } as PendingRow]);
    expect(await outbox.fetch(everything)).toEqual([]);
  });

  it('an attempt that was refused is counted, and counts in the dead letter too', async () => {
    await outbox.append([row(1, 'r@g.us')]);
    const [first] = await outbox.fetch(everything);
    await outbox.countAttempt(first?.seq ?? 0, 'GUARD_EVENT_UNROUTABLE: no queue');
    expect((await outbox.fetch(everything))[0]?.attempts).toBe(1);
    await outbox.park(first?.seq ?? 0, 'GUARD_EVENT_UNROUTABLE: no queue');
    const rows = await store.query(`SELECT attempts FROM {dead_letter} WHERE seq = ${first?.seq}`);
    expect(rows).toEqual([{ attempts: 2 }]);
  });

  it('purges what was delivered before a time, and nothing that waits or is dead', async () => {
    await outbox.append([row(1, 'p@g.us')]);
    const total = async () => (await store.query('SELECT seq FROM {outbox}')).length;
    const kept = (await outbox.backlog()).pending + (await outbox.backlog()).dead;
    expect(await outbox.purgeDelivered(0, 1_000)).toBe(0);
    const before = await total();
    expect(await outbox.purgeDelivered(Date.now() + 60_000, 10)).toBe(10);
    expect(await total()).toBe(before - 10);
    while ((await outbox.purgeDelivered(Date.now() + 60_000, 1_000)) > 0);
    expect(await total()).toBe(kept);
    expect(await outbox.purgeDead(0, 1_000)).toBe(0);
    while ((await outbox.purgeDead(Date.now() + 60_000, 1_000)) > 0);
    expect([await total(), await outbox.backlog()]).toMatchObject([1, { pending: 1, dead: 0 }]);
  });
});
