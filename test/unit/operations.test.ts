import { afterEach, describe, expect, it } from '@jest/globals';
import { Hopeless, type Step } from '../../src/instances/operations';
import { createMetrics } from '../../src/metrics/metrics';
import { gate, instance, nothing, operationRig, shop } from '../helpers/operation-rig';
import { until } from '../helpers/until';

describe('work on instances', () => {
  const { log, database, process, clear } = operationRig();
  const errors = () => log.lines.filter(({ level }) => level === 'error');

  afterEach(clear);

  it('goes step by step, each handed what those before it gave, and written down before the next', async () => {
    const seen: unknown[] = [];
    const note = (name: string, more?: Record<string, unknown>): Step => ({
      name,
      run: ({ data, step, kind }) => {
        const [row] = database.current.rows;
        seen.push([kind, step, { ...data }, row?.operation.step]);
        return Promise.resolve(more);
      },
    });
    const metrics = createMetrics();
    let begun = 0;
    const operations = process('one', [note('a', { from: 'a' }), note('b'), note('c', { from: 'c' })], metrics);
    await operations.run('delete', shop, { reason: 'why' }, () => (begun += 1));
    expect(seen).toEqual([
      ['delete', 'a', { reason: 'why' }, 'a'],
      ['delete', 'b', { reason: 'why', from: 'a' }, 'b'],
      ['delete', 'c', { reason: 'why', from: 'a' }, 'c'],
    ]);
    expect([begun, database.current.open()]).toEqual([1, []]);
    expect((await metrics.instancesOperations.get()).values).toMatchObject([
      { value: 1, labels: { kind: 'delete', outcome: 'done' } },
    ]);
  });

  it('is done one at a time for an instance, in order, and beside that of others', async () => {
    const order: string[] = [];
    const gates = new Map([...Array(3).keys()].map((number) => [String(number), gate()]));
    const step: Step = {
      name: 'only',
      async run({ name, data }) {
        order.push(`${name} ${String(data.number)} begins`);
        await gates.get(String(data.number))?.opened;
        order.push(`${name} ${String(data.number)} ends`);
      },
    };
    const operations = process('one', [step]);
    const [first, second] = [
      operations.run('logout', shop, { number: 0 }),
      operations.run('delete', shop, { number: 1 }),
    ];
    const other = operations.run('logout', instance(2), { number: 2 });
    await until(() => order.length === 2);
    expect(operations.isBusy(shop.instanceId)).toBe(true);
    gates.get('1')?.open(); // the second could go on; it is not its turn
    gates.get('2')?.open();
    await other;
    gates.get('0')?.open();
    await Promise.all([first, second]);
    expect(order.filter((line) => line.startsWith('shop 2'))).toEqual(['shop 2 2 begins', 'shop 2 2 ends']);
    expect(order.filter((line) => !line.startsWith('shop 2'))).toEqual(
      ['0 begins', '0 ends', '1 begins', '1 ends'].map((line) => `shop ${line}`),
    );
    await until(() => !operations.isBusy(shop.instanceId));
  });

  it('is done for sixteen instances at once and no more, also for those that come as others end', async () => {
    let [now, most] = [0, 0];
    const gates: ReturnType<typeof gate>[] = [];
    const step: Step = {
      name: 'only',
      async run() {
        now += 1;
        most = Math.max(most, now);
        const mine = gate();
        gates.push(mine);
        await mine.opened;
        now -= 1;
      },
    };
    const operations = process('one', [step]);
    const works = Array.from({ length: 40 }, (_, number) => operations.run('logout', instance(number)));
    await until(() => gates.length === 16);
    // In every gap between the end of one and the beginning of the next.
    const crowd = async () => {
      for (let gap = 0; gap < 20; gap += 1) {
        if (works.length < 200) works.push(operations.run('logout', instance(works.length)));
        await Promise.resolve();
      }
    };
    database.current.after = (method) => void (method === 'end' && void crowd());
    await until(() => {
      for (const mine of gates.splice(0)) mine.open();
      return now === 0 && database.current.rows.length === 200 && database.current.open().length === 0;
    });
    await Promise.all(works);
    expect(most).toBe(16);
  });

  it('repeats a step that fails, with pauses, and alarms after five attempts, once', async () => {
    const at: number[] = [];
    const done: string[] = [];
    const steps: Step[] = [
      { name: 'before', run: () => Promise.resolve(void done.push('before')) },
      {
        name: 'stubborn',
        run() {
          at.push(performance.now());
          return at.length <= 6 ? Promise.reject(new Error('out of order')) : nothing();
        },
      },
      { name: 'behind', run: () => Promise.resolve(void done.push('behind')) },
    ];
    const work = process('one', steps).run('logout', shop);
    await until(() => at.length === 4);
    expect(errors()).toEqual([]);
    await work;
    expect(done).toEqual(['before', 'behind']);
    expect(at).toHaveLength(7);
    const pauses = at.slice(1).map((time, place) => time - (at[place] ?? 0));
    for (const [place, pause] of pauses.entries()) expect(pause).toBeGreaterThan(48 * 2 ** place);
    const warnings = log.lines.filter(({ message }) => message.includes('failed; it is tried again'));
    expect(warnings).toMatchObject([{ level: 'warn', fields: { step: 'stubborn', detail: 'out of order' } }]);
    expect(errors()).toMatchObject([
      { fields: { code: 'GUARD_INSTANCE_STUCK', instance: 'shop', step: 'stubborn', detail: 'out of order' } },
    ]);
  });

  it('ends with a step that is hopeless, tells who waits for it why, and writes it down', async () => {
    const reason = new Error('there is no such thing');
    const metrics = createMetrics();
    const steps = [
      { name: 'hopeless', run: () => Promise.reject(new Hopeless(reason)) },
      { name: 'behind', run: () => Promise.reject(new Error('it went on')) },
    ];
    const operations = process('one', steps, metrics);
    await expect(operations.run('restore', shop)).rejects.toBe(reason);
    expect(database.current.rows).toMatchObject([{ leaseUntil: undefined, error: 'there is no such thing' }]);
    expect((await metrics.instancesOperations.get()).values).toMatchObject([{ labels: { outcome: 'given up' } }]);
    await expect(operations.run('restore', shop)).rejects.toBe(reason); // the instance is free for more
  });

  it('is refused while another process is at work on that instance, who does it, and at what', async () => {
    const held = gate();
    const step = { name: 'slow', run: () => held.opened };
    const [one, other] = [process('one', [step]), process('other', [step])];
    const first = one.run('delete', shop);
    await until(() => database.current.open().length === 1);
    let begun = 0;
    await expect(other.run('logout', shop, {}, () => (begun += 1))).rejects.toMatchObject({
      code: 'GUARD_INSTANCE_BUSY',
      detail: 'delete of shop, at step slow.',
    });
    expect([begun, database.current.rows.length]).toEqual([0, 1]);
    held.open();
    await first;
    await other.run('logout', shop, {}, () => (begun += 1));
    expect([begun, database.current.rows.length]).toEqual([1, 2]);
  });

  it('is not begun where it cannot be written down, and then whoever asked is told', async () => {
    let ran = false;
    const operations = process('one', [{ name: 'only', run: () => Promise.resolve(void (ran = true)) }]);
    database.current.before = () => Promise.reject(new Error('the database is away'));
    await expect(operations.run('logout', shop)).rejects.toThrow('the database is away');
    expect([ran, database.current.rows]).toEqual([false, []]);
    expect(operations.isBusy(shop.instanceId)).toBe(false);
  });

  it('waits for a database that is away while a step or the end is written down, and repeats no step', async () => {
    const ran: string[] = [];
    const steps = ['a', 'b'].map((name) => ({ name, run: () => Promise.resolve(void ran.push(name)) }));
    const failures = { advance: 2, end: 2 } as Record<string, number>;
    database.current.before = (method) => {
      if ((failures[method] ?? 0) === 0) return;
      failures[method] = (failures[method] ?? 0) - 1;
      throw new Error('the database is away');
    };
    await process('one', steps).run('logout', shop);
    expect(ran).toEqual(['a', 'b']);
    expect(database.current.open()).toEqual([]);
    expect(log.lines.filter(({ message }) => message.includes('not written down yet'))).toHaveLength(2);
  });
});
