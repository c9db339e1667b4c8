import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { v7 } from 'uuid';
import type { Engine } from '../../src/stores/engine';
import type { InstanceOperation, InstanceStore } from '../../src/stores/instance-store';
import { DATABASES, isMariadb, openTestEngine, openTestStore, type TestStore } from '../helpers/test-store';

const STRANGE = 'é ß 漢字 👩‍👩‍👧 \\ \' " ` % _ \u0001 \r\n\t \u2028 ?, ; -- /* $1 {schema}';
const LAST = Number.MAX_SAFE_INTEGER;
const LEASE_MS = 60_000;

describe.each(DATABASES)('what is kept of instances in $kind', ({ create }) => {
  let store: TestStore;
  let instances: InstanceStore;
  let rival: Engine;
  const owner = randomUUID();

  beforeAll(async () => {
    store = await openTestStore(await create());
    ({ instances } = store);
    rival = await openTestEngine(store.url);
  });

  afterAll(async () => {
    await rival.close();
    await store.close();
  });

  const change = (instanceId: string, state: 'open' | 'connecting' | 'close', version: number, by = instances) =>
    by.changeState({ instanceId, name: 'shop', state, reason: `is ${state}`, owner }, version);
  const historyOf = async (instanceId: string) =>
    (await instances.history(instanceId, LAST, 1_000)).map(({ event, version }) => `${version} ${event}`).reverse();

  it('raises the version with each change of state, and tells the history of it', async () => {
    const [id, unknown] = [randomUUID(), randomUUID()];
    expect(await instances.states([id, unknown])).toEqual([]);
    const first = await change(id, 'connecting', 0);
    expect(first).toMatchObject({ changed: true, record: { instanceId: id, version: 1, state: 'connecting', owner } });
    expect(Math.abs(first.record.since - Date.now())).toBeLessThan(60_000);
    const [heir, reason] = [randomUUID(), STRANGE.repeat(100)];
    const next = { instanceId: id, name: STRANGE, state: 'open', reason, owner: heir } as const;
    const { record } = await instances.changeState(next, 1);
    expect(record).toMatchObject({ version: 2, state: 'open', reason, owner: heir });
    expect(await instances.states([unknown, id])).toEqual([record]);
    const [newest, oldest] = await instances.history(id, LAST, 2);
    expect(newest).toMatchObject({ name: STRANGE, event: 'connecting -> open', reason, version: 2, at: record.since });
    expect(oldest).toMatchObject({ instanceId: id, name: 'shop', event: 'connecting', version: 1 });
  });

  it('leaves a state as it is that somebody has changed since it was read', async () => {
    const id = randomUUID();
    await change(id, 'connecting', 0);
    const { record } = await change(id, 'open', 1);
    for (const stale of [0, 1, 3]) expect(await change(id, 'close', stale)).toEqual({ changed: false, record });
    expect(await historyOf(id)).toEqual(['1 connecting', '2 connecting -> open']);
  });

  it('does not take the same state for a change, whatever its reason', async () => {
    const id = randomUUID();
    const { record } = await change(id, 'open', 0);
    expect(await change(id, 'open', 1)).toEqual({ changed: false, record });
    const other = { instanceId: id, name: 'shop', state: 'open', reason: 'another', owner: randomUUID() } as const;
    expect(await instances.changeState(other, 1)).toEqual({ changed: false, record });
    expect(await historyOf(id)).toEqual(['1 open']);
  });

  it('lets exactly one of two processes change a state that both have read, without a gap in the versions', async () => {
    const id = randomUUID();
    for (let version = 0; version < 30; version += 1) {
      // Never the state that it has: that would be no change.
      const [state, other] = version % 2 ? (['close', 'close'] as const) : (['open', 'connecting'] as const);
      const both = await Promise.all([change(id, state, version), change(id, other, version, rival.instances)]);
      expect(both.filter(({ changed }) => changed)).toHaveLength(1);
      expect(both.map(({ record }) => record.version)).toEqual([version + 1, version + 1]);
    }
    const versions = (await instances.history(id, LAST, 100)).map(({ version }) => version).reverse();
    expect(versions).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
  });

  it('notes what happens beside the state, and gives the history page by page', async () => {
    const id = randomUUID();
    for (const event of ['archived', 'reset', 'hidden']) {
      await instances.note({ instanceId: id, name: STRANGE, event, reason: STRANGE });
    }
    const [hidden, reset] = await instances.history(id, LAST, 2);
    expect(hidden).toMatchObject({ instanceId: id, name: STRANGE, event: 'hidden', reason: STRANGE, version: null });
    expect(await instances.history(id, reset?.seq ?? 0, 9)).toMatchObject([{ event: 'archived' }]);
  });

  const operation = (fields: Partial<InstanceOperation> = {}): Omit<InstanceOperation, 'attempts'> => ({
    ...{ id: v7(), instanceId: randomUUID(), name: 'shop', kind: 'delete', step: 'archive', data: {} },
    ...fields,
  });
  /** As time would do it. */
  const expire = (id: string) => {
    const past = isMariadb(store.url) ? '1' : `'1970-01-01'`;
    return store.query(`UPDATE {instance_operation} SET lease_until = ${past} WHERE id = '${id}'`);
  };
  const openOf = async (id: string) => (await instances.operations()).filter((open) => open.id === id);

  it('keeps what a step hands on to the next, only for who has the work', async () => {
    const work = operation({ name: STRANGE, data: { text: `${STRANGE}\u0000` } });
    expect(await instances.begin(work, owner, LEASE_MS)).toBeUndefined();
    expect(await openOf(work.id)).toEqual([{ ...work, attempts: 1, owner }]);
    const data = { archiveId: randomUUID() };
    expect(await instances.advance(work.id, randomUUID(), 'hide', data, LEASE_MS)).toBe(false);
    expect(await instances.advance(work.id, owner, 'hide', data, LEASE_MS)).toBe(true);
    expect(await openOf(work.id)).toMatchObject([{ step: 'hide', data }]);
    expect(await instances.end(work.id, randomUUID())).toBe(false);
    expect(await instances.end(work.id, owner, STRANGE)).toBe(true);
    expect(await instances.end(work.id, owner)).toBe(false);
    expect(await instances.advance(work.id, owner, 'hide', data, LEASE_MS)).toBe(false);
    expect(await openOf(work.id)).toEqual([]);
    const [row] = await store.query<{ error: string }>(
      `SELECT error FROM {instance_operation} WHERE id = '${work.id}'`,
    );
    expect(row?.error).toBe(STRANGE);
  });

  it('has one open operation for an instance, whoever comes first, and takes the repeat of a beginning for the same', async () => {
    const instanceId = randomUUID();
    const [one, other] = [operation({ instanceId }), operation({ instanceId, kind: 'restore' })];
    const answers = await Promise.all([
      instances.begin(one, owner, LEASE_MS),
      rival.instances.begin(other, randomUUID(), LEASE_MS),
    ]);
    const [first, second] = answers[0] === undefined ? [one, other] : [other, one];
    expect(answers.filter((answer) => answer)).toEqual([{ ...first, attempts: 1 }]);
    expect(await instances.begin(first, owner, LEASE_MS)).toBeUndefined();
    expect(await instances.begin(second, owner, LEASE_MS)).toMatchObject({ id: first.id });
    const [{ owner: winner } = { owner: '' }] = await openOf(first.id);
    await instances.end(first.id, winner);
    expect(await instances.begin(second, owner, LEASE_MS)).toBeUndefined();
    await instances.end(second.id, owner);
  });

  it('gives work whose lease is over to who asks first, the oldest first, and no other', async () => {
    const [works, gone] = [Array.from({ length: 6 }, () => operation()), randomUUID()];
    for (const { id, ...rest } of works) await instances.begin({ id, ...rest }, gone, LEASE_MS);
    expect(await instances.adopt(owner, LEASE_MS, 10)).toEqual([]);
    const left = works.slice(0, 5).map(({ id }) => id);
    for (const id of left) await expire(id);
    expect(await instances.adopt(owner, LEASE_MS, 2)).toEqual(
      works.slice(0, 2).map((work) => ({ ...work, attempts: 2 })),
    );
    const heirs = [randomUUID(), randomUUID()];
    const both = await Promise.all([
      instances.adopt(heirs[0] ?? '', LEASE_MS, 10),
      rival.instances.adopt(heirs[1] ?? '', LEASE_MS, 10),
    ]);
    expect(
      both
        .flat()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(left.slice(2).sort());
    expect(await instances.end(left[0] ?? '', gone)).toBe(false);
    for (const { id, owner: holder } of await instances.operations()) await instances.end(id, holder);
  });

  it('renews what a process works on, so that nobody takes it up, and nothing else', async () => {
    const [work, other, lost] = [operation(), operation(), operation()];
    await instances.begin(work, owner, LEASE_MS);
    await instances.begin(other, randomUUID(), LEASE_MS);
    await instances.begin(lost, owner, LEASE_MS);
    for (const { id } of [work, other, lost]) await expire(id);
    await instances.renew([], owner, LEASE_MS);
    await instances.renew([work.id, other.id], owner, LEASE_MS);
    const adopted = await instances.adopt(randomUUID(), LEASE_MS, 10);
    expect(adopted.map(({ id }) => id).sort()).toEqual([other.id, lost.id].sort());
    await expire(work.id);
    expect(await instances.advance(work.id, owner, 'next', {}, LEASE_MS)).toBe(true);
    expect(await instances.adopt(randomUUID(), LEASE_MS, 10)).toEqual([]);
    for (const { id, owner: holder } of await instances.operations()) await instances.end(id, holder);
  });

  it('deletes old history and work that has ended, so many at a time, and nothing that is open', async () => {
    const [open, ended] = [operation(), operation()];
    for (const work of [open, ended]) await instances.begin(work, owner, LEASE_MS);
    await instances.end(ended.id, owner);
    for (const event of ['a', 'b', 'c'])
      await instances.note({ instanceId: open.instanceId, name: 'shop', event, reason: '' });
    while ((await instances.purgeHistory(Date.now() - 60_000, 100)) > 0);
    expect(await instances.history(open.instanceId, LAST, 9)).toHaveLength(3);
    const rows = `SELECT COUNT(*) AS number FROM {instance_history} UNION ALL SELECT COUNT(*) FROM {instance_operation}`;
    const numbers = async () => (await store.query<{ number: number }>(rows)).map(({ number }) => Number(number));
    const [lines = 0, works = 0] = await numbers();
    expect(await instances.purgeHistory(Date.now() + 60_000, lines - 1)).toBe(lines - 1);
    expect(await instances.purgeHistory(Date.now() + 60_000, 2)).toBe(2);
    expect(await numbers()).toEqual([0, works - 1]);
    while ((await instances.purgeHistory(Date.now() + 60_000, 2)) > 0);
    expect(await numbers()).toEqual([0, 1]);
    expect(await openOf(open.id)).toHaveLength(1);
  });
});
