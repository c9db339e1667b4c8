import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { createClient } from 'redis';
import { PrimaryCache, type PrimaryCacheOptions } from '../../src/cache/primary-cache';
import type { RedisCommand, RedisLink } from '../../src/stores/redis/redis-link';
import { sharedRedis } from '../helpers/services';
import { openLink } from './cache-audit-rig';

/** The host's client. */
let stock: ReturnType<typeof createClient>;
let link: RedisLink;
/** With characters that mean something in a pattern. */
let prefix: string;
let cache: PrimaryCache;

const open = (options: Partial<PrimaryCacheOptions> = {}) =>
  new PrimaryCache({ link, prefix, module: 'instance', ttlSeconds: 600, ...options });
const nameOf = (key: string) => `${prefix}:instance:${key}`;

/** How Baileys writes bytes: what the host's engine does in hashes, and its CacheService before that. */
const encoded = (value: unknown) =>
  JSON.stringify(value, (_key, each: { type?: unknown; data?: number[] } | null) => {
    const given = each instanceof Uint8Array ? each : each?.type === 'Buffer' && each.data;
    return given ? { type: 'Buffer', data: Buffer.from(given).toString('base64') } : each;
  });

beforeAll(async () => {
  const url = await sharedRedis();
  link = openLink(url, 'test');
  stock = createClient({ url });
  await stock.connect();
});

beforeEach(() => {
  prefix = `test-[${randomUUID()}]*?`;
  cache = open();
});

afterAll(async () => {
  link.stop();
  await stock.disconnect();
});

describe('a cache that a host without the plugin has written', () => {
  it.each([
    ['an object', { a: [1, null, true], ü: '😀"\\\n' }],
    ['text', 'text'],
    ['a number', 0],
    ['no', false],
    ['null', null],
    ['the form of bytes, outside of hashes', { type: 'Buffer', data: [1] }],
  ])('gives %s', async (_what, value) => {
    await stock.setEx(nameOf('key'), 60, JSON.stringify(value));
    expect(await cache.get('key')).toEqual(value);
  });

  it('gives credentials as the text that the host encodes once more', async () => {
    const creds = encoded({ noiseKey: { private: Buffer.from([0, 127, 255]) }, me: { name: 'Ünal 😀' } });
    await stock.hSet(nameOf('id'), 'creds', JSON.stringify(creds));
    expect(await cache.hGet('id', 'creds')).toBe(creds);
  });

  it('gives bytes in a hash', async () => {
    await stock.hSet(nameOf('id'), 'key', encoded({ public: Buffer.from([1, 2]), list: [Buffer.from([3])] }));
    expect(await cache.hGet('id', 'key')).toEqual({ public: Buffer.from([1, 2]), list: [Buffer.from([3])] });
    await stock.hSet(nameOf('id'), 'key', JSON.stringify({ type: 'Buffer', data: [4, 5] }));
    expect(await cache.hGet('id', 'key')).toEqual(Buffer.from([4, 5]));
  });

  it('gives what only looks like bytes as it is', async () => {
    const others = [null, { type: 'Buffer' }, { type: 'Buffer', data: 7 }, { data: 'x' }, { type: 'other', data: 'x' }];
    await stock.hSet(nameOf('id'), 'key', JSON.stringify(others));
    expect(await cache.hGet('id', 'key')).toEqual(others);
    await cache.hSet('id', 'key', others);
    expect(await stock.hGet(nameOf('id'), 'key')).toBe(JSON.stringify(others));
  });

  it('has what it has, and nothing else', async () => {
    await stock.setEx(nameOf('key'), 60, '1');
    await stock.hSet(nameOf('id'), 'creds', '""');
    expect([await cache.has('key'), await cache.has('id'), await cache.has('other')]).toEqual([true, true, false]);
    expect([await cache.get('other'), await cache.hGet('id', 'other'), await cache.hGet('other', 'creds')]).toEqual(
      Array(3).fill(null),
    );
  });

  it('is listed and deleted by whole names', async () => {
    for (const key of ['a', 'a:1', 'a:2', 'ab:1']) await stock.setEx(nameOf(key), 60, '1');
    await stock.setEx(`${prefix}:groups:a:1`, 60, '1');
    expect((await cache.keys()).sort()).toEqual(['a', 'a:1', 'a:2', 'ab:1'].map(nameOf));
    expect((await cache.keys('a')).sort()).toEqual(['a:1', 'a:2'].map(nameOf));
    expect([await cache.delete(['a', 'a:1', 'none']), await cache.delete('a:1')]).toEqual([2, 0]);
    expect((await cache.keys()).sort()).toEqual(['a:2', 'ab:1'].map(nameOf));
    expect(await stock.exists(`${prefix}:groups:a:1`)).toBe(1);
  });
});

describe('a cache that a host without the plugin reads afterwards', () => {
  it('has values as JSON, with the time to live of the host or one of their own', async () => {
    const value = { a: [1, null, true], ü: '😀"\\\n', bytes: Buffer.from([1]) };
    await cache.set('key', value);
    await cache.set('short', 'text', 60);
    await cache.set('none', 0, 0);
    // Bytes outside of hashes are as JSON itself writes them.
    expect(await stock.get(nameOf('key'))).toBe(JSON.stringify(value));
    expect([await stock.get(nameOf('short')), await stock.get(nameOf('none'))]).toEqual(['"text"', '0']);
    const ttls = await Promise.all(['key', 'short', 'none'].map((key) => stock.ttl(nameOf(key))));
    expect(ttls).toEqual([600, 60, 600]);
  });

  it('has credentials encoded twice, without an end', async () => {
    const creds = encoded({ noiseKey: { private: Buffer.from([0, 127, 255]) }, me: { name: 'Ünal 😀' } });
    await cache.hSet('id', 'creds', creds);
    expect(await stock.hGetAll(nameOf('id'))).toEqual({ creds: JSON.stringify(creds) });
    expect(await stock.ttl(nameOf('id'))).toBe(-1);
    expect(await cache.hGet('id', 'creds')).toBe(creds);
  });

  it('has bytes in hashes as Baileys writes them', async () => {
    const value = { public: Buffer.from([1, 2]), list: [new Uint8Array([3])], none: Buffer.alloc(0) };
    await cache.hSet('id', 'key', value);
    expect(await stock.hGet(nameOf('id'), 'key')).toBe(encoded(value));
    expect(await stock.hGet(nameOf('id'), 'key')).toBe(
      '{"public":{"type":"Buffer","data":"AQI="},"list":[{"type":"Buffer","data":"Aw=="}],"none":{"type":"Buffer","data":""}}',
    );
  });

  it('lacks fields that were deleted', async () => {
    await stock.hSet(nameOf('id'), { creds: '1', 'pre-key-1': '2' });
    expect([await cache.hDelete('id', 'creds'), await cache.hDelete('id', 'creds')]).toEqual([1, 0]);
    expect(await stock.hGetAll(nameOf('id'))).toEqual({ 'pre-key-1': '2' });
  });
});

describe('deleting all of an instance', () => {
  it('takes thousands of keys', async () => {
    const keys = Array.from({ length: 3_000 }, (_, at) => nameOf(`shop:${at}`));
    await Promise.all(keys.map((key) => stock.setEx(key, 60, '1')));
    await stock.setEx(nameOf('shops:1'), 60, '1');
    expect(await cache.deleteAll('shop')).toBe(3_000);
    expect(await cache.keys()).toEqual([nameOf('shops:1')]);
  });

  it.each(['a*', 'a?', '[ab]', 'a\\', '[a-b]', '^a'])('named %s does not take others', async (name) => {
    const others = ['ab:1', 'a:1', 'b:1', 'aa:1', 'a\\b:1', '-:1'].map(nameOf);
    for (const key of [nameOf(`${name}:1`), ...others]) await stock.setEx(key, 60, '1');
    expect(await cache.deleteAll(name)).toBe(1);
    expect((await cache.keys()).sort()).toEqual(others.sort());
  });

  it('without a name takes the module, and no other', async () => {
    await cache.set('a:1', 1);
    await open({ module: 'groups' }).set('a:1', 1);
    expect([await cache.deleteAll(), await cache.keys()]).toEqual([1, []]);
    expect(await open({ module: 'groups' }).has('a:1')).toBe(true);
  });
});

/** What is done to the answers of the real server; `undefined` leaves them. */
function linkWith(answer: (command: RedisCommand) => unknown): Pick<RedisLink, 'run' | 'scan'> {
  return {
    scan: (pattern) => link.scan(pattern),
    run: async (command, replicas) => (await answer(command)) ?? (await link.run(command, replicas)),
  };
}

describe('a delete', () => {
  it('that has no effect fails', async () => {
    const deaf = open({ link: linkWith(([verb]) => (verb === 'UNLINK' ? 0 : undefined)) });
    await cache.set('key', 1);
    for (const attempt of [deaf.delete('key'), deaf.delete(['other', 'key']), deaf.deleteAll()]) {
      await expect(attempt).rejects.toMatchObject({ code: 'GUARD_CACHE_DELETE' });
      await expect(attempt).rejects.toThrow(nameOf('key'));
    }
    expect(await deaf.delete('other')).toBe(0);
  });

  it('takes a key that is made in between', async () => {
    let isMade = false;
    const made = open({
      link: linkWith(async ([verb]) => {
        if (verb !== 'EXISTS' || isMade) return;
        isMade = true;
        await stock.setEx(nameOf('key'), 60, '1');
      }),
    });
    expect(await made.delete('key')).toBe(1);
    expect(await cache.has('key')).toBe(false);
  });

  it('of a key that ends in between has taken nothing', async () => {
    await cache.set('key', 1);
    let unlinks = 0;
    const ended = open({
      link: linkWith(async ([verb]) => {
        if (verb !== 'UNLINK') return undefined;
        if (++unlinks === 2) await stock.del(nameOf('key'));
        return 0;
      }),
    });
    expect([await ended.delete('key'), unlinks]).toEqual([0, 2]);
  });

  it('of many keys asks for some hundreds at a time', async () => {
    let [now, most] = [0, 0];
    const counted = open({
      link: {
        scan: (pattern) => link.scan(pattern),
        async run(command) {
          most = Math.max(most, ++now);
          const reply = await link.run(command);
          now -= 1;
          return reply;
        },
      },
    });
    const keys = Array.from({ length: 1_200 }, (_, at) => `${at}`);
    await Promise.all(keys.map((key) => stock.setEx(nameOf(key), 60, '1')));
    expect(await counted.delete(keys)).toBe(1_200);
    expect(most).toBe(500);
  });
});
