import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { systemClock } from '../../src/core/clock';
import { Operations, type Kind, type Plans, type Step } from '../../src/instances/operations';
import { createPlans, type PlansOptions } from '../../src/instances/plans';
import { createMetrics } from '../../src/metrics/metrics';
import { openInstanceRig, RecordingLive, type InstanceRig } from '../helpers/instance-rig';
import { DATABASES } from '../helpers/test-store';
import { until } from '../helpers/until';

/** What each kind of work consists of; a step that is added must be added here. */
const STEPS: Record<Kind, string[]> = {
  logout: ['choose', 'archive', 'unlink', 'reset', 'close', 'note'],
  delete: ['choose', 'hide', 'archive', 'reset', 'note'],
  restore: ['show', 'credentials', 'unbury', 'note', 'load'],
  purge: ['unload', 'reset', 'rows', 'note', 'forget'],
};
const KINDS = Object.keys(STEPS) as Kind[];
const CRASHES = KINDS.flatMap((kind) => (['before', 'behind'] as const).map((place) => ({ kind, place })));

describe.each(DATABASES)('work on instances whose process dies, on $kind,', ({ create }) => {
  let rig: InstanceRig;
  const processes: Operations[] = [];
  /** What the same work leaves where nobody dies. */
  const healthy = new Map<Kind, unknown>();

  beforeAll(async () => {
    rig = await openInstanceRig(await create());
    for (const kind of KINDS) {
      const shop = await prepared(kind);
      await process().run(kind, shop, { reason: 'somebody' });
      healthy.set(kind, await stateOf(shop));
    }
  });

  afterEach(() => Promise.all(processes.splice(0).map((each) => each.stop())));
  afterAll(() => rig.close());

  const plansOf = (options: Partial<PlansOptions> = {}): Plans =>
    createPlans({
      ...{ store: rig.store.instances, host: rig.rows, credentials: rig.credentials, archive: rig.archive() },
      ...{ live: new RecordingLive(), retentionMs: 60_000, unlinks: new Map(), newId: randomUUID, clock: systemClock },
      log: rig.log,
      ...options,
    });

  /** A process; `around` stands around every step. */
  function process(around: (step: Step) => Step = (step) => step, options: Partial<PlansOptions> = {}): Operations {
    const stock = plansOf(options);
    const plans = Object.fromEntries(KINDS.map((kind) => [kind, stock[kind].map(around)])) as Record<Kind, Step[]>;
    const operations = new Operations({
      ...{ store: rig.store.instances, plans, owner: randomUUID(), newId: randomUUID, clock: systemClock },
      ...{ random: () => 0, log: rig.log, metrics: createMetrics() },
    });
    processes.push(operations);
    return operations;
  }

  /** An instance for this kind of work: deleted ones are what is restored or purged. */
  async function prepared(kind: Kind): Promise<{ instanceId: string; name: string }> {
    const { id: instanceId, name } = await rig.add();
    if (kind === 'restore' || kind === 'purge')
      await process().run('delete', { instanceId, name }, { reason: 'before' });
    return { instanceId, name };
  }

  /** Everything that there is of an instance, without ids and times; lines of history may be there twice. */
  async function stateOf({ instanceId, name }: { instanceId: string; name: string }): Promise<unknown> {
    const { instances } = rig.store;
    const [archives, tombstones] = [await instances.archives(instanceId), await instances.findTombstones(instanceId)];
    const state = {
      rows: await rig.host.rowsOf(instanceId),
      credentials: [...(rig.credentials.all.get(instanceId)?.keys ?? [])],
      archives: await Promise.all(
        archives.map(async ({ id, reason }) => ({ reason, creds: (await rig.archive().read(id))?.creds })),
      ),
      tombstones: tombstones.map(({ name: was, token, clientName, archiveId }) => {
        return { was, token, clientName, isArchived: archives.some(({ id }) => id === archiveId) };
      }),
      isOpen: (await instances.operations()).length > 0,
      events: [...new Set(await rig.eventsOf(instanceId))],
      byName: (await rig.rows.findByName(name))?.id,
    };
    const text = JSON.stringify(state, (key, value: unknown) => (key === 'createdAt' ? undefined : value));
    return JSON.parse(text.replaceAll(instanceId, '<id>'));
  }

  const leaseIsOver = () =>
    rig.setTime('instance_operation', 'lease_until', Date.now() - 60_000, 'lease_until IS NOT NULL');

  /** Dies at a step: does it if it is to die behind it, and gives no sign any more. @returns when it is dead. */
  async function dieAt(kind: Kind, at: string, place: 'before' | 'behind', shop: { instanceId: string; name: string }) {
    let isDead = false;
    const told: string[] = [];
    const unlinks = new Map([[shop.instanceId, () => Promise.resolve(void told.push('unlink'))]]);
    const dying = process(
      (step) => ({
        name: step.name,
        async run(operation, signal) {
          if (step.name !== at) return step.run(operation, signal);
          if (place === 'behind' && !isDead) await step.run(operation, signal);
          isDead = true;
          throw new Error('killed');
        },
      }),
      { unlinks },
    );
    const work = dying.run(kind, shop, { reason: 'somebody' });
    await until(() => isDead);
    await dying.stop();
    await work;
    return told;
  }

  it('consists of these steps', () => {
    const plans = plansOf();
    expect(Object.fromEntries(KINDS.map((kind) => [kind, plans[kind].map(({ name }) => name)]))).toEqual(STEPS);
  });

  it('leaves, where nobody dies, what it is meant to', () => {
    const states = Object.fromEntries(healthy) as Record<Kind, Record<string, unknown[]>>;
    expect(states.logout).toMatchObject({ archives: [{ reason: 'somebody' }], tombstones: [], credentials: [] });
    expect(states.delete).toMatchObject({ archives: [{}], tombstones: [{ isArchived: true }], credentials: [] });
    expect(states.restore).toMatchObject({ archives: [{}], tombstones: [], byName: '<id>' });
    expect(states.restore.credentials).toHaveLength(2);
    expect(states.purge).toMatchObject({ archives: [], tombstones: [], credentials: [], rows: { Instance: [] } });
  });

  it.each(CRASHES)('ends as if nothing had happened: $kind, $place each of its steps', async ({ kind, place }) => {
    const shops = [];
    for (const step of STEPS[kind]) {
      const shop = await prepared(kind);
      await dieAt(kind, step, place, shop);
      shops.push({ ...shop, step });
    }
    const left = shops.map(({ instanceId, step }) => ({ instanceId, kind, step, attempts: 1 }));
    expect(await rig.store.instances.adopt(randomUUID(), 1_000, 100)).toEqual([]); // their leases are not over yet
    expect(await rig.store.instances.operations()).toMatchObject(left);
    await leaseIsOver();
    const ran: string[] = [];
    const counted = (each: Step): Step => ({
      name: each.name,
      run: (operation, signal) => (ran.push(`${operation.instanceId} ${each.name}`), each.run(operation, signal)),
    });
    const heirs = [process(counted), process(counted)];
    await Promise.all(heirs.map((heir) => heir.start()));
    for (const { step, ...shop } of shops) {
      const steps = ran.filter((each) => each.startsWith(shop.instanceId)).map((each) => each.split(' ')[1]);
      expect({ step, ran: steps, state: await stateOf(shop) }).toEqual({
        step,
        ran: STEPS[kind].slice(STEPS[kind].indexOf(step)),
        state: healthy.get(kind),
      });
    }
  });

  it('is finished in its second life too, and in its third', async () => {
    const shop = await prepared('delete');
    await dieAt('delete', 'hide', 'behind', shop);
    for (const step of ['archive', 'reset', 'note']) {
      await leaseIsOver();
      let isDead = false;
      const dying = process((each) => ({
        name: each.name,
        async run(operation, signal) {
          if (each.name !== step) return each.run(operation, signal);
          if (!isDead) await each.run(operation, signal);
          isDead = true;
          throw new Error('killed');
        },
      }));
      const started = dying.start();
      await until(() => isDead);
      await dying.stop();
      await started;
    }
    await leaseIsOver();
    await process().start();
    expect(await stateOf(shop)).toEqual(healthy.get('delete'));
  });

  it('does not tell WhatsApp of a logout a second time', async () => {
    const shop = await prepared('logout');
    const told = await dieAt('logout', 'unlink', 'behind', shop);
    await leaseIsOver();
    await process().start();
    expect(told).toEqual(['unlink']);
  });
});
