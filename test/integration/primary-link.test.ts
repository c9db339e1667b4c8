import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import Redis from 'ioredis';
import { systemClock } from '../../src/core/clock';
import { readRedisPlace } from '../../src/core/redis-place';
import { openRedis } from '../../src/stores/redis/open-redis';
import type { RedisLink } from '../../src/stores/redis/redis-link';
import { recordingLog } from '../helpers/recording-log';
import { startRedis, type RunningService } from '../helpers/services';
import { until } from '../helpers/until';

const LIMIT_MS = 1_000;
/** What timers and a busy machine take on top. */
const SLACK_MS = 400;

const links: RedisLink[] = [];

function open(uri: string): RedisLink {
  const place = readRedisPlace(uri);
  if (!place) throw new Error(`no place: ${uri}`);
  const log = recordingLog();
  const options = { place, prefix: 'test', limitMs: LIMIT_MS, clock: systemClock, random: Math.random, log };
  const link = openRedis(options);
  links.push(link);
  return link;
}

const isUp = (link: RedisLink, wanted = true) =>
  new Promise<void>((resolve) => {
    if (link.state().isUp === wanted) return resolve();
    const end = link.onChange((now) => {
      if (now !== wanted) return;
      end();
      resolve();
    });
  });

const addressOf = ({ url }: RunningService) => new URL(url).host;

describe('the way to a primary', () => {
  let one: RunningService;
  let other: RunningService;
  let onOne: Redis;
  let onOther: Redis;
  let key: string;

  beforeAll(async () => {
    [one, other] = await Promise.all([startRedis({ private: true }), startRedis({ private: true })]);
    onOne = new Redis(one.url);
    onOther = new Redis(other.url);
    for (const client of [onOne, onOther]) {
      client.on('error', () => undefined);
    }
  });

  /** One is the primary, the other its replica. */
  beforeEach(async () => {
    key = `test:${randomUUID()}`;
    for (const client of [onOne, onOther]) await client.config('SET', 'repl-diskless-sync-delay', '0');
    await onOne.replicaof('NO', 'ONE');
    await onOther.replicaof('127.0.0.1', new URL(one.url).port);
    await until(async () => (await onOther.info('replication')).includes('master_link_status:up'));
  });

  afterEach(() => links.splice(0).forEach((link) => link.stop()));

  afterAll(async () => {
    onOne.disconnect();
    onOther.disconnect();
    await Promise.all([one.stop(), other.stop()]);
  });

  /** The roles change; whoever is connected stays so. */
  async function swap(): Promise<void> {
    await onOther.replicaof('NO', 'ONE');
    await onOne.replicaof('127.0.0.1', new URL(other.url).port);
  }

  it('is found where the URL leads to a replica, and that is told', async () => {
    const link = open(other.url);
    expect(await link.run(['SETEX', key, 60, 'value'])).toBe('OK');
    expect(await onOne.get(key)).toBe('value');
    const warnings = [`${addressOf(other)} is a replica: its primary ${addressOf(one)} is used`];
    expect(link.state()).toEqual({ isUp: true, addresses: [addressOf(one)], warnings, connects: 1 });
  });

  it('is never left to a primary that has become a replica under the connection', async () => {
    const link = open(`${one.url},${other.url}`);
    await link.run(['SETEX', key, 60, 'old']);
    await onOne.wait(1, 1_000);
    await swap();
    await onOther.set(key, 'new');
    await onOne.config('SET', 'replica-serve-stale-data', 'yes');
    expect(await link.run(['GET', key])).toBe('new');
    expect(link.state()).toMatchObject({ addresses: [addressOf(other)], connects: 2 });
  });

  it('leads writes to the new primary too, once each', async () => {
    const link = open(`${one.url},${other.url}`);
    await link.run(['HSET', key, 'a', '1']);
    await swap();
    expect(await link.run(['HSET', key, 'b', '2'])).toBe(1);
    expect(await onOther.hgetall(key)).toMatchObject({ b: '2' });
  });

  it('goes to the one with replicas where two call themselves primary', async () => {
    await onOther.replicaof('NO', 'ONE');
    await onOne.replicaof('127.0.0.1', new URL(other.url).port);
    await until(async () => (await onOther.info('replication')).includes('connected_slaves:1'));
    const third = await startRedis({ private: true });
    const link = open(`${third.url},${other.url}`);
    await isUp(link);
    expect(link.state().addresses).toEqual([addressOf(other)]);
    await third.stop();
  });

  it('ends a call in time while the server stands still, and is found again afterwards', async () => {
    const link = open(one.url);
    await isUp(link);
    await one.pause();
    const before = performance.now();
    const outcome = await link.run(['GET', key]).catch((error: unknown) => error);
    const tookMs = performance.now() - before;
    await one.resume();
    expect(outcome).toMatchObject({ code: 'GUARD_CACHE_AWAY' });
    expect(tookMs).toBeLessThan(LIMIT_MS + SLACK_MS);
    await isUp(link);
    expect(await link.run(['GET', key])).toBeNull();
  });

  it('lets calls wait for a primary, and ends them at once when there is none for long', async () => {
    const port = new URL(one.url).port;
    const link = open(`redis://127.0.0.1:${port}/`);
    await isUp(link);
    await one.kill();
    const before = performance.now();
    const first = await link.run(['GET', key]).catch((error: unknown) => error);
    const firstMs = performance.now() - before;
    await until(() => performance.now() - before > LIMIT_MS + SLACK_MS);
    const late = performance.now();
    const second = await link.run(['GET', key]).catch((error: unknown) => error);
    const secondMs = performance.now() - late;
    await one.restart();
    expect([first, second]).toMatchObject([{ code: 'GUARD_CACHE_AWAY' }, { code: 'GUARD_CACHE_AWAY' }]);
    expect(firstMs).toBeLessThan(LIMIT_MS + SLACK_MS);
    expect(secondMs).toBeLessThan(100);
    await isUp(link);
    expect(await link.run(['SETEX', key, 60, 'back'])).toBe('OK');
  });

  it('tells what the server refuses, without the value', async () => {
    const link = open(one.url);
    await link.run(['SETEX', key, 60, 'text']);
    const refused = link.run(['HSET', key, 'field', 'secret value']);
    await expect(refused).rejects.toMatchObject({ code: 'GUARD_CACHE_REFUSED' });
    await expect(refused).rejects.not.toThrow('secret value');
  });

  it('lists keys in batches, also thousands of them', async () => {
    const link = open(one.url);
    const names = Array.from({ length: 3_000 }, (_, at) => `${key}:${at}`);
    await Promise.all(names.map((name) => link.run(['SETEX', name, 60, '1'])));
    const found = new Set<string>();
    for await (const batch of link.scan(`${key}:*`)) batch.forEach((name) => found.add(name));
    expect([...found].sort()).toEqual(names.sort());
  });

  it('ends with calls that wait, and opens nothing more', async () => {
    const link = open('redis://127.0.0.1:1');
    const waiting = link.run(['GET', key]);
    link.stop();
    await expect(waiting).rejects.toMatchObject({ code: 'GUARD_CACHE_AWAY' });
    await expect(link.run(['GET', key])).rejects.toMatchObject({ code: 'GUARD_CACHE_AWAY' });
  });
});
