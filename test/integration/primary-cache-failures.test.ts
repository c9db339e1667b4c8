import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import Redis from 'ioredis';
import type { HostCache } from '../../src/cache/host-cache';
import { PrimaryCache } from '../../src/cache/primary-cache';
import { GuardError } from '../../src/core/errors';
import type { RedisLink } from '../../src/stores/redis/redis-link';
import { sharedRedis } from '../helpers/services';
import { openLink } from './cache-audit-rig';

let client: Redis;
let link: RedisLink;
let prefix: string;
let cache: PrimaryCache;

const open = (given: Pick<RedisLink, 'run' | 'scan'>, replicas?: number) =>
  new PrimaryCache({ link: given, prefix, module: 'm', ttlSeconds: 60, ...(replicas !== undefined && { replicas }) });
const nameOf = (key: string) => `${prefix}:m:${key}`;

/** Every method of a cache. */
const CALLS: [string, (cache: HostCache) => Promise<unknown>][] = [
  ['get', (each) => each.get('key')],
  ['hGet', (each) => each.hGet('key', 'field')],
  ['set', (each) => each.set('key', 1)],
  ['hSet', (each) => each.hSet('key', 'field', 1)],
  ['has', (each) => each.has('key')],
  ['keys', (each) => each.keys()],
  ['delete', (each) => each.delete('key')],
  ['hDelete', (each) => each.hDelete('key', 'field')],
  ['deleteAll', (each) => each.deleteAll('key')],
];

beforeAll(async () => {
  const url = await sharedRedis();
  client = new Redis(url);
  link = openLink(url, 'test');
});

beforeEach(() => {
  prefix = `test-${randomUUID()}`;
  cache = open(link);
});

afterAll(async () => {
  link.stop();
  await client.quit();
});

describe('a cache on a primary tells of a failure', () => {
  it.each(CALLS)('of %s while the primary is away', async (_method, call) => {
    const away = new GuardError('GUARD_CACHE_AWAY', 'It is a test.');
    const run = () => Promise.reject(away);
    // eslint-disable-next-line @typescript-eslint/require-await
    const scan = async function* () {
      throw away;
    };
    await expect(call(open({ run, scan }))).rejects.toBe(away);
  });

  it.each([
    ['get', 'hash'],
    ['hGet', 'text'],
    ['hSet', 'text'],
    ['hDelete', 'text'],
  ])('of %s where the server refuses it', async (method, type) => {
    if (type === 'hash') await client.hset(nameOf('key'), 'field', '1');
    else await client.setex(nameOf('key'), 60, '1');
    const [, call] = CALLS.find(([name]) => name === method) ?? [];
    await expect(call?.(cache)).rejects.toMatchObject({ code: 'GUARD_CACHE_REFUSED' });
    await client.del(nameOf('key'));
  });

  it('of a time to live that the server refuses', async () => {
    await expect(cache.set('key', 1, -1)).rejects.toMatchObject({ code: 'GUARD_CACHE_REFUSED' });
  });

  it('where a value is no JSON, with the name of the key and without the value', async () => {
    await client.setex(nameOf('key'), 60, 'secret');
    await client.hset(nameOf('id'), 'creds', '{"half":');
    for (const [attempt, name] of [
      [cache.get('key'), 'key'],
      [cache.hGet('id', 'creds'), 'id creds'],
    ] as const) {
      await expect(attempt).rejects.toMatchObject({ code: 'GUARD_CACHE_MALFORMED' });
      await expect(attempt).rejects.toThrow(nameOf(name));
      await expect(attempt).rejects.not.toThrow('secret');
    }
    await client.del(nameOf('id'));
  });

  it.each([
    ['nothing', undefined],
    ['a function', () => 1],
    ['a number that JSON has not', 1n],
    ['a circle', circle()],
  ])('where what is to be written is %s, and writes nothing', async (_what, value) => {
    await expect(cache.set('key', value)).rejects.toMatchObject({ code: 'GUARD_CACHE_MALFORMED' });
    await expect(cache.hSet('key', 'field', value)).rejects.toMatchObject({ code: 'GUARD_CACHE_MALFORMED' });
    expect(await client.exists(nameOf('key'))).toBe(0);
  });
});

describe('a cache on a primary', () => {
  it('lists each key once, however often the server names it', async () => {
    const scan = async function* () {
      yield ['one', 'two'];
      yield await Promise.resolve(['two', 'three']);
    };
    expect(await open({ run: () => Promise.resolve(0), scan }).keys()).toEqual(['one', 'two', 'three']);
  });

  it('wants replicas to have what it writes, and nothing of them when it reads', async () => {
    const wanted = new Map<string, number | undefined>();
    const counting: Pick<RedisLink, 'run' | 'scan'> = {
      scan: (pattern) => link.scan(pattern),
      run(command, replicas) {
        wanted.set(command[0], replicas);
        return link.run(command);
      },
    };
    for (const [method, call] of CALLS) {
      await client.del(nameOf('key'));
      if (method === 'delete' || method === 'set' || method === 'get' || method === 'has') await cache.set('key', 1);
      await call(open(counting, 2));
    }
    expect(Object.fromEntries(wanted)).toEqual({ GET: undefined, HGET: undefined, EXISTS: undefined, SETEX: 2, HSET: 2, UNLINK: 2, HDEL: 2 }); // prettier-ignore
  });
});

function circle(): object {
  const all: object[] = [];
  all.push(all);
  return all;
}
