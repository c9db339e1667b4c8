import { afterEach, describe, expect, it } from '@jest/globals';
import type { Step } from '../../src/instances/operations';
import { gate, instance, nothing, operationRig, shop } from '../helpers/operation-rig';
import { until } from '../helpers/until';

describe('work on instances that is left', () => {
  const { log, database, process, clear } = operationRig();
  afterEach(clear);

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
