import { beforeEach, describe, expect, it } from '@jest/globals';
import { LocalCopies } from '../../src/cache/local-copies';
import type { RedisCommand } from '../../src/stores/redis/redis-link';
import { until } from '../helpers/until';

const KEPT_MS = 1_000;
const MOST = 10_000;

let asked: string[];
/** What Redis answers; may wait, or fail. */
let answer: (command: RedisCommand) => unknown;
let isTold: boolean;
let milliseconds: number;
let copies: LocalCopies;

beforeEach(() => {
  asked = [];
  answer = ([, name]) => `"${name}"`;
  isTold = true;
  milliseconds = 0;
  const run = (command: RedisCommand) => {
    asked.push(command.join(' '));
    return Promise.resolve(answer(command));
  };
  // eslint-disable-next-line @typescript-eslint/require-await
  const scan = async function* (pattern: string) {
    yield [pattern];
  };
  const clock = { now: () => 0, monotonic: () => milliseconds };
  copies = new LocalCopies({ link: { run, scan }, isTold: () => isTold, keptMs: KEPT_MS, clock });
});

const get = (name: string) => copies.run(['GET', name]);

/** An answer that Redis gives when it is told to. */
function held(): { give: (text: string | null) => void; fail: (error: Error) => void } {
  const ways = { give: (_text: string | null) => undefined as void, fail: (_error: Error) => undefined as void };
  const waiting = new Promise((resolve, reject) => Object.assign(ways, { give: resolve, fail: reject }));
  answer = () => waiting;
  return ways;
}

describe('values that are kept in memory', () => {
  it('are answered without Redis until their time is over', async () => {
    expect([await get('a'), await get('a')]).toEqual(['"a"', '"a"']);
    milliseconds = KEPT_MS - 1;
    expect([await get('a'), await copies.run(['EXISTS', 'a'])]).toEqual(['"a"', 1]);
    expect(asked).toEqual(['GET a']);
    milliseconds = KEPT_MS;
    await get('a');
    expect(asked).toEqual(['GET a', 'GET a']);
    milliseconds = 2 * KEPT_MS - 1;
    await get('a');
    expect(asked).toEqual(['GET a', 'GET a']);
  });

  it('are those that are there: what is not is asked for each time', async () => {
    answer = () => null;
    expect([await get('a'), await get('a')]).toEqual([null, null]);
    answer = () => 0;
    expect([await copies.run(['EXISTS', 'a']), await copies.run(['EXISTS', 'a'])]).toEqual([0, 0]);
    expect(asked).toEqual(['GET a', 'GET a', 'EXISTS a', 'EXISTS a']);
  });

  it('are asked for once by all that ask at the same time', async () => {
    const { give } = held();
    const reads = [get('a'), get('a'), get('a')];
    give('"1"');
    expect([await Promise.all(reads), asked]).toEqual([['"1"', '"1"', '"1"'], ['GET a']]);
  });

  it('are forgotten when somebody has changed them, and no others', async () => {
    for (const name of ['a', 'b', 'c']) await get(name);
    copies.changed(['a', 'c', 'other']);
    for (const name of ['a', 'b', 'c']) await get(name);
    expect(asked).toEqual(['GET a', 'GET b', 'GET c', 'GET a', 'GET c']);
  });

  it('are forgotten all when any of them may have been changed', async () => {
    for (const name of ['a', 'b']) await get(name);
    copies.changed();
    for (const name of ['a', 'b']) await get(name);
    expect(asked).toHaveLength(4);
  });

  it.each([
    ['SETEX', ['SETEX', 'a', 60, '1']],
    ['UNLINK', ['UNLINK', 'a']],
  ] as const)(
    'are forgotten at once with an own %s, also while it is under way and where it fails',
    async (_verb, command) => {
      await get('a');
      const { fail } = held();
      const write = copies.run(command);
      answer = () => '"meanwhile"';
      await get('a');
      expect(asked).toEqual(['GET a', command.join(' '), 'GET a']);
      fail(new Error('It is a test.'));
      await expect(write).rejects.toThrow('It is a test.');
      answer = () => '"afterwards"';
      expect([await get('a'), await get('a')]).toEqual(['"afterwards"', '"afterwards"']);
      expect(asked).toHaveLength(4);
    },
  );

  it.each([
    ['a change', () => copies.changed(['a'])],
    ['a change of anything', () => copies.changed()],
    ['an own write', () => void copies.run(['SETEX', 'a', 60, '1'])],
    ['Redis that tells no more', () => void (isTold = false)],
  ])('are not kept where %s overtakes the read', async (_what, overtake) => {
    const { give } = held();
    const read = get('a');
    answer = () => '"new"';
    overtake();
    give('"old"');
    expect(await read).toBe('"old"');
    isTold = true;
    expect(await get('a')).toBe('"new"');
  });

  it('are not asked for together with a read that a change has overtaken', async () => {
    const { give } = held();
    const before = get('a');
    copies.changed(['a']);
    answer = () => '"new"';
    const after = get('a');
    give('"old"');
    expect(await Promise.all([before, after])).toEqual(['"old"', '"new"']);
    expect(await get('a')).toBe('"new"');
    expect(asked).toEqual(['GET a', 'GET a']);
  });

  it('are kept also where a read that was overtaken ends before the one after it', async () => {
    const old = held();
    const before = get('a');
    copies.changed(['a']);
    const young = held();
    const after = get('a');
    old.give('"old"');
    await before;
    young.give('"new"');
    expect([await after, await get('a'), asked.length]).toEqual(['"new"', '"new"', 2]);
  });

  it('are not those of a read that began before Redis told of changes', async () => {
    isTold = false;
    const { give } = held();
    const [one, other] = [get('a'), get('a')];
    isTold = true;
    give('"old"');
    await Promise.all([one, other]);
    answer = () => '"new"';
    expect([await get('a'), asked.length]).toEqual(['"new"', 3]);
  });

  it('are asked for anew after a read that failed', async () => {
    const { fail } = held();
    const [one, other] = [get('a'), get('a')];
    fail(new Error('It is a test.'));
    await expect(one).rejects.toThrow('It is a test.');
    await expect(other).rejects.toThrow('It is a test.');
    answer = () => '"1"';
    expect(await get('a')).toBe('"1"');
  });

  it('are none while Redis does not tell of changes', async () => {
    await get('a');
    isTold = false;
    await get('a');
    await get('b');
    answer = () => 0;
    expect(await copies.run(['EXISTS', 'a'])).toBe(0);
    isTold = true;
    answer = () => '"b"';
    await get('b');
    expect(asked).toEqual(['GET a', 'GET a', 'GET b', 'EXISTS a', 'GET b']);
  });

  it('are bounded in number; the oldest make room', async () => {
    for (let number = 0; number <= MOST; number += 1) await get(`${number}`);
    asked = [];
    await get(`${MOST}`);
    await get('1');
    expect(asked).toEqual([]);
    await get('0');
    expect(asked).toEqual(['GET 0']);
    await get('1');
    expect(asked).toEqual(['GET 0', 'GET 1']);
  });

  it('leave listing keys to Redis', async () => {
    for await (const names of copies.scan('a:*')) expect(names).toEqual(['a:*']);
    await copies.run(['PING']);
    await until(() => asked.includes('PING'));
  });
});
