import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Redis from 'ioredis';
import { CredentialCache } from '../../src/cache/credential-cache';
import { PrimaryCache } from '../../src/cache/primary-cache';
import { UnreadCredentials } from '../../src/cache/waiting/unread-credentials';
import { WaitingCredentials } from '../../src/cache/waiting/waiting-credentials';
import { WriteBack } from '../../src/cache/waiting/write-back';
import { systemClock } from '../../src/core/clock';
import { readRedisPlace } from '../../src/core/redis-place';
import { createMetrics } from '../../src/metrics/metrics';
import { openRedis } from '../../src/stores/redis/open-redis';
import type { RedisLink } from '../../src/stores/redis/redis-link';
import { recordingLog } from '../helpers/recording-log';
import { startRedis, type RunningService } from '../helpers/services';
import { until } from '../helpers/until';

const LIMIT_MS = 300;
const PREFIX = 'test';

let redis: RunningService;
let link: RedisLink;
let instancesDir: string;
let waiting: WaitingCredentials;
let writeBack: WriteBack;
let cache: CredentialCache;

/** One process of the host. */
function start(): void {
  const place = readRedisPlace(redis.url);
  if (!place) throw new Error(`no place: ${redis.url}`);
  const log = recordingLog();
  link = openRedis({ place, prefix: PREFIX, limitMs: LIMIT_MS, clock: systemClock, random: Math.random, log });
  waiting = new WaitingCredentials({ instancesDir, clock: systemClock, log });
  const stored = new PrimaryCache({ link, prefix: PREFIX, module: 'instance', ttlSeconds: 60 });
  writeBack = new WriteBack({ link, waiting, writes: stored, log, metrics: createMetrics() });
  cache = new CredentialCache({ cache: stored, waiting, unread: new UnreadCredentials(log) });
}

async function stop(): Promise<void> {
  await writeBack.stop();
  link.stop();
}

/** What Redis has of an instance, as the host would read it. */
async function stored(id: string): Promise<Record<string, unknown>> {
  const client = new Redis(redis.url);
  const hash = await client.hgetall(`${PREFIX}:instance:${id}`);
  client.disconnect();
  return Object.fromEntries(Object.entries(hash).map(([field, json]) => [field, JSON.parse(json)]));
}

/** What a process would find that starts now. */
const onDisk = () => new WaitingCredentials({ instancesDir, clock: systemClock, log: recordingLog() });

beforeAll(async () => {
  redis = await startRedis({ private: true });
});

beforeEach(async () => {
  await redis.restart(); // empty
  instancesDir = mkdtempSync(join(tmpdir(), 'credential-cache-'));
  start();
  await until(() => link.state().isUp);
});

afterEach(async () => {
  await stop();
  rmSync(instancesDir, { recursive: true });
});

afterAll(() => redis.stop());

describe('credentials that are written while Redis is away', () => {
  it('are on the disk when the write ends, are read from there, and are in Redis when it is back', async () => {
    await cache.hSet('a', 'creds', '{"n":1}');
    expect([await stored('a'), waiting.isWaiting('a')]).toEqual([{ creds: '{"n":1}' }, false]);
    await redis.kill();
    await cache.hSet('a', 'creds', '{"n":2}');
    expect(onDisk().get('a', 'creds')).toEqual({ value: '{"n":2}' });
    await cache.hSet('a', 'pre-key-1', '{"k":1}');
    await cache.hDelete('a', 'pre-key-2');
    const fields = ['creds', 'pre-key-1', 'pre-key-2'];
    expect(await Promise.all(fields.map((field) => cache.hGet('a', field)))).toEqual(['{"n":2}', '{"k":1}', null]);

    await redis.restart();
    await until(() => !waiting.isWaiting('a'));
    expect(await stored('a')).toEqual({ creds: '{"n":2}', 'pre-key-1': '{"k":1}' });
    expect(await Promise.all(fields.map((field) => cache.hGet('a', field)))).toEqual(['{"n":2}', '{"k":1}', null]);
    expect(onDisk().size().writes).toBe(0);
  });

  it('are written back by the next process where this one ends before Redis is back', async () => {
    await redis.kill();
    await cache.hSet('a', 'creds', 'last');
    await stop();
    start();
    expect(await cache.hGet('a', 'creds')).toBe('last');
    await redis.restart();
    await until(() => !waiting.isWaiting('a'));
    expect(await stored('a')).toEqual({ creds: 'last' });
  });

  it('are the latest of each field afterwards, however often it is killed meanwhile', async () => {
    const written = new Map<string, number>();
    const going = new AbortController();
    const write = async (id: string, field: string) => {
      for (let number = 0; !going.signal.aborted; number += 1) {
        await cache.hSet(id, field, `${number}`);
        written.set(`${id} ${field}`, number);
      }
    };
    const places = ['a creds', 'a session-1', 'b creds', 'c creds'];
    const writing = Promise.all(places.map((place) => write(...(place.split(' ') as [string, string]))));
    try {
      for (let round = 1; round <= 3; round += 1) {
        const wanted = Math.max(0, ...written.values()) + 20;
        await until(() => places.every((place) => (written.get(place) ?? 0) > wanted));
        await redis.kill();
        await until(() => ['a', 'b', 'c'].every((id) => waiting.isWaiting(id)));
        await redis.restart();
        await until(() => link.state().isUp);
      }
    } finally {
      going.abort();
      await writing;
    }
    await until(() => waiting.size().instances === 0);
    for (const id of ['a', 'b', 'c']) {
      const mine = [...written].map(([place, number]) => [...place.split(' '), `${number}`]);
      expect([id, await stored(id)]).toEqual([
        id,
        Object.fromEntries(mine.filter(([of]) => of === id).map(([, field, value]) => [field, value])),
      ]);
    }
  });

  it('are gone with a deletion of all, also those that were in Redis before', async () => {
    await cache.hSet('a', 'pre-key-1', 'old');
    await redis.pause();
    await cache.hSet('a', 'creds', 'old');
    expect(await cache.delete('a')).toBeUndefined();
    expect(await cache.hGet('a', 'pre-key-1')).toBeNull();
    await cache.hSet('a', 'creds', 'new');
    await redis.resume();
    await until(() => !waiting.isWaiting('a'));
    expect(await stored('a')).toEqual({ creds: 'new' });
    expect(await cache.delete('a')).toBe(1);
    expect(await stored('a')).toEqual({});
  });

  it('wait as well where Redis answers and refuses them, and are tried again by themselves', async () => {
    const client = new Redis(redis.url);
    await client.config('SET', 'min-replicas-to-write', '1');
    await cache.hSet('a', 'creds', 'kept');
    expect([await stored('a'), await cache.hGet('a', 'creds')]).toEqual([{}, 'kept']);
    await client.config('SET', 'min-replicas-to-write', '0');
    await until(() => !waiting.isWaiting('a'));
    expect(await stored('a')).toEqual({ creds: 'kept' });
    client.disconnect();
  });
});

describe('credentials that are read while Redis is away', () => {
  it('are not overwritten by those that the host makes instead, until they were read', async () => {
    await cache.hSet('a', 'creds', 'old');
    await redis.pause();
    await expect(cache.hGet('a', 'creds')).rejects.toMatchObject({ code: expect.stringMatching(/AWAY|LATE/) });
    const refused = { code: 'GUARD_CREDENTIALS_UNREAD' };
    await expect(cache.hSet('a', 'creds', 'new')).rejects.toMatchObject(refused);
    await redis.resume();
    await until(() => link.state().isUp);
    await expect(cache.hSet('a', 'creds', 'new')).rejects.toMatchObject(refused);
    expect([await stored('a'), waiting.isWaiting('a')]).toEqual([{ creds: 'old' }, false]);
    expect(await cache.hGet('a', 'creds')).toBe('old');
    await cache.hSet('a', 'creds', 'next');
    expect(await stored('a')).toEqual({ creds: 'next' });
  });
});
