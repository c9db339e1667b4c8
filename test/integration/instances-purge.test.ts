import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { openInstanceRig, type InstanceRig } from '../helpers/instance-rig';
import { DATABASES } from '../helpers/test-store';
import { until } from '../helpers/until';

const DAY_MS = 86_400_000;

describe.each(DATABASES)('deleted instances, on $kind,', ({ create }) => {
  let rig: InstanceRig;

  beforeAll(async () => {
    rig = await openInstanceRig(await create());
  });

  afterEach(() => rig.stop());
  afterAll(() => rig.close());

  const archivesOf = (id: string) => rig.store.instances.archives(id);
  const counts = async (id: string) => {
    const all = Object.entries(await rig.host.rowsOf(id));
    return Object.fromEntries(all.map(([table, rows]) => [table, rows.length]));
  };

  it('purge the rows of one instance only, and forget all of it but its history', async () => {
    const { instances } = await rig.start();
    const [shop, other] = [await rig.add(40), await rig.add(40)];
    const before = await rig.host.rowsOf(other.id);
    for (const { name } of [shop, other]) await instances.happened(name, 'user delete');
    await instances.restore(other.id);
    await expect(instances.purge(other.id)).rejects.toMatchObject({ code: 'GUARD_INSTANCE_UNKNOWN' });
    await expect(instances.purge(shop.name)).resolves.toMatchObject({ instanceId: shop.id });
    await until(async () => (await rig.store.instances.operations()).length === 0);
    expect(Object.values(await rig.host.rowsOf(shop.id)).flat()).toEqual([]);
    expect([await archivesOf(shop.id), await rig.store.instances.findTombstones(shop.id)]).toEqual([[], []]);
    expect(await rig.eventsOf(shop.id)).toEqual([
      'deleted, kept hidden: user delete',
      'deleted for good: somebody asked for it',
    ]);
    const after = await rig.host.rowsOf(other.id);
    expect({ ...after, Instance: [] }).toEqual({ ...before, Instance: [] });
    expect([rig.credentials.all.get(other.id), (await archivesOf(other.id)).length]).toEqual([other.credentials, 1]);
  });

  it('never purge one that is restored while the purge waits for its turn', async () => {
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const unbury = (id: string) => held.then(() => rig.store.instances.unbury(id));
    const { instances, live } = await rig.start({ store: { ...rig.store.instances, unbury } });
    const shop = await rig.add();
    const before = await counts(shop.id);
    await instances.happened(shop.name, 'user delete');
    const restored = instances.restore(shop.id);
    await until(async () => (await rig.store.instances.operations()).some(({ step }) => step === 'unbury'));
    live.done.length = 0;
    const purge = instances.purge(shop.id); // its tombstone is still there
    await pause(50);
    goOn();
    await Promise.all([restored, purge.catch(() => undefined)]);
    await until(async () => (await rig.store.instances.operations()).length === 0);
    expect(await counts(shop.id)).toEqual(before);
    expect(await rig.rows.findByName(shop.name)).toMatchObject({ id: shop.id, clientName: 'client' });
    expect([rig.credentials.all.get(shop.id), live.done]).toEqual([shop.credentials, []]);
  });

  it('purge those whose retention is over, and old archives, when they look after themselves', async () => {
    const first = await rig.start();
    const [due, kept, quiet] = [await rig.add(), await rig.add(), await rig.add()];
    for (const { name } of [due, kept]) await first.instances.happened(name, 'user delete');
    const twice = [0, 1].map(() => randomUUID());
    for (const id of twice)
      await rig.archive().save(id, { instanceId: quiet.id, name: 'quiet' }, '', quiet.credentials);
    await rig.stop();
    await rig.setTime('tombstone', 'purge_after', Date.now() - 1_000, `instance_id = '${due.id}'`);
    await rig.setTime('credential_archive', 'taken_at', Date.now() - 31 * DAY_MS, `id = '${twice[0]}'`);
    await rig.start();
    await until(async () => (await rig.store.instances.findTombstones(due.id)).length === 0);
    await until(async () => (await archivesOf(quiet.id)).length === 1);
    expect(Object.values(await rig.host.rowsOf(due.id)).flat()).toEqual([]);
    expect(await rig.eventsOf(due.id)).toContain('deleted for good: it was kept for 30 days');
    expect((await archivesOf(quiet.id)).map(({ id }) => id)).toEqual([twice[1]]);
    expect(await rig.store.instances.findTombstones(kept.id)).toHaveLength(1);
    expect((await counts(kept.id)).Message).toBe(3);
  });

  it('stop at once while a purge goes on, and finish it later', async () => {
    let pieces = 0;
    const endless = () => Promise.resolve((pieces += 1));
    const slow = await rig.start({ host: { ...rig.rows, stop: () => Promise.resolve(), purge: endless } });
    const shop = await rig.add();
    await slow.instances.happened(shop.name, 'user delete');
    await slow.instances.purge(shop.id);
    await until(() => pieces > 2);
    const from = performance.now();
    await slow.stop();
    expect(performance.now() - from).toBeLessThan(2_000);
    expect(await rig.store.instances.operations()).toMatchObject([{ kind: 'purge', step: 'rows' }]);
    await rig.setTime('instance_operation', 'lease_until', Date.now() - 1_000, 'lease_until IS NOT NULL');
    await rig.start();
    expect(Object.values(await rig.host.rowsOf(shop.id)).flat()).toEqual([]);
    expect(await rig.eventsOf(shop.id)).toEqual([
      'deleted, kept hidden: user delete',
      'deleted for good: somebody asked for it',
    ]);
  });
});
