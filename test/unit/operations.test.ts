import { afterEach, describe, expect, it } from '@jest/globals';
import { Hopeless, Operations, type Kind, type Plans, type Step } from '../../src/instances/operations';
import { createMetrics } from '../../src/metrics/metrics';
import { MemoryOperations } from '../helpers/memory-operations';
import { recordingLog } from '../helpers/recording-log';
import { until } from '../helpers/until';

const shop = { instanceId: 'id-shop', name: 'shop' };
const instance = (number: number) => ({ instanceId: `id-${number}`, name: `shop ${number}` });
const nothing = () => Promise.resolve();

/** Something that is held until somebody lets it go. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

describe('work on instances', () => {
  const log = recordingLog();
  const database = { current: new MemoryOperations() };
  const running: Operations[] = [];
  let ids = 0;

  /** A process whose logout has these steps, on the same database as the others of the test. */
  function process(owner: string, steps: readonly Step[], metrics = createMetrics()): Operations {
    const plans = Object.fromEntries(
      (['logout', 'delete', 'restore', 'purge'] satisfies Kind[]).map((kind) => [kind, steps]),
    ) as Record<Kind, Step[]> satisfies Plans;
    const operations = new Operations({
      ...{ store: database.current.store, plans, owner, newId: () => `operation-${(ids += 1)}` },
      ...{ clock: { now: () => 0, monotonic: () => 0 }, random: () => 0, log, metrics },
    });
    running.push(operations);
    return operations;
  }

  const errors = () => log.lines.filter(({ level }) => level === 'error');

  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.stop()));
    database.current = new MemoryOperations();
    log.lines.length = 0;
  });

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

  it('ends for its first process where another one has taken it up', async () => {
    const [held, ran] = [gate(), [] as string[]];
    const steps = (owner: string): Step[] => [
      { name: 'a', run: () => (ran.push(`${owner} a`), owner === 'slow' ? held.opened : nothing()) },
      { name: 'b', run: () => Promise.resolve(void ran.push(`${owner} b`)) },
    ];
    const work = process('slow', steps('slow')).run('logout', shop);
    await until(() => ran.length === 1);
    database.current.now += 31_000;
    await process('heir', steps('heir')).start();
    held.open();
    await work;
    expect(ran).toEqual(['slow a', 'heir a', 'heir b']);
    expect(database.current.rows).toMatchObject([{ owner: 'heir', leaseUntil: undefined, operation: { attempts: 2 } }]);
  });

  it('stops at a step that heeds it, leaves the rest for another process, and takes nothing more', async () => {
    const ran: string[] = [];
    const steps = (owner: string): Step[] => [
      { name: 'a', run: () => Promise.resolve(void ran.push(`${owner} a`)) },
      {
        name: 'b',
        run: (_operation, signal) => {
          ran.push(`${owner} b`);
          if (owner === 'heir') return nothing();
          return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stops'))));
        },
      },
    ];
    const stopped = process('stopped', steps('stopped'));
    const [work, queued] = [stopped.run('logout', shop), stopped.run('delete', shop)];
    const refused = expect(queued).rejects.toThrow('the host stops');
    await until(() => ran.length === 2);
    await stopped.stop();
    await work;
    await refused;
    await expect(stopped.run('logout', instance(1))).rejects.toThrow('the host stops');
    expect(database.current.rows).toMatchObject([{ operation: { kind: 'logout', step: 'b' }, owner: 'stopped' }]);
    database.current.now += 31_000;
    await process('heir', steps('heir')).start();
    expect(ran).toEqual(['stopped a', 'stopped b', 'heir b']);
    expect(database.current.open()).toEqual([]);
  });

  it('stops also while the database is away, and while more wait than may run', async () => {
    let ran = 0;
    const operations = process('one', [
      { name: 'a', run: () => Promise.resolve(void (ran += 1)) },
      { name: 'b', run: nothing },
    ]);
    database.current.before = (method) => {
      if (method === 'advance') throw new Error('the database is away');
    };
    const works = Array.from({ length: 30 }, (_, number) => operations.run('logout', instance(number)));
    const outcomes = Promise.allSettled(works);
    await until(() => ran === 16);
    await operations.stop();
    const refused = (await outcomes).filter(({ status }) => status === 'rejected');
    expect([ran, refused.length, database.current.open().length]).toEqual([16, 14, 16]);
  });

  it('is started without where the database is away, and what was left is looked for again', async () => {
    const ran: string[] = [];
    await database.current.store.begin({ id: 'left', ...shop, kind: 'logout', step: 'only', data: {} }, 'gone', 0);
    database.current.before = () => Promise.reject(new Error('the database is away'));
    const operations = process('one', [{ name: 'only', run: () => Promise.resolve(void ran.push('only')) }]);
    await operations.start();
    await log.until(() => log.lines.some(({ message }) => message.includes('could not be looked for')));
    expect(ran).toEqual([]);
    database.current.before = () => undefined;
    await until(() => ran.length === 1);
  });

  it('holds up a start that finds it, until it is finished by whoever has it', async () => {
    const held = gate();
    const one = process('one', [{ name: 'only', run: () => held.opened }]);
    const work = one.run('logout', shop);
    await until(() => database.current.open().length === 1);
    let isStarted = false;
    const started = process('other', [])
      .start()
      .then(() => (isStarted = true));
    await log.until(() => log.lines.some(({ message }) => message.includes('is open')));
    expect(isStarted).toBe(false);
    held.open();
    await Promise.all([work, started]);
  });

  it('is left to others by a start that is stopped while it waits for them', async () => {
    await database.current.store.begin({ id: 'theirs', ...shop, kind: 'logout', step: 'a', data: {} }, 'gone', 60_000);
    const operations = process('one', [{ name: 'a', run: nothing }]);
    const started = operations.start();
    await log.until(() => log.lines.some(({ message }) => message.includes('is open')));
    await operations.stop();
    await started;
    database.current.now += 61_000;
    await new Promise(setImmediate);
    expect(database.current.rows).toMatchObject([{ owner: 'gone', operation: { attempts: 1 } }]);
  });

  it('is taken up by its own process where the answer to its beginning was lost, and not before its time', async () => {
    const ran: string[] = [];
    const held = gate();
    const step: Step = { name: 'only', run: ({ name }) => (ran.push(name), name === 'shop' ? nothing() : held.opened) };
    const operations = process('one', [step]);
    await operations.start();
    const known = operations.run('logout', instance(1));
    await until(() => ran.length === 1);
    database.current.after = (method) => {
      if (method === 'begin') throw new Error('the answer was lost');
    };
    await expect(operations.run('logout', shop)).rejects.toThrow('the answer was lost');
    database.current.now += 31_000;
    await until(() => ran.length > 1); // at the next look
    held.open();
    await known;
    await until(() => database.current.open().length === 0);
    expect(ran).toEqual(['shop 1', 'shop']);
  });
});
