import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCacheHealth, type CacheHealth } from '../../src/cache/cache-health';
import { WaitingCredentials } from '../../src/cache/waiting/waiting-credentials';
import { getHealth } from '../../src/console/get-health';
import type { Status } from '../../src/console/status';
import { GuardError } from '../../src/core/errors';
import { createMetrics, type Metrics } from '../../src/metrics/metrics';
import type { RedisLinkState, RedisPrimary } from '../../src/stores/redis/redis-link';
import { recordingLog } from '../helpers/recording-log';

const away = new GuardError('GUARD_CACHE_AWAY', 'It is a test.');

let instancesDir: string;
let waiting: WaitingCredentials;
let metrics: Metrics;
let milliseconds: number;
let state: RedisLinkState;
let primaries: () => Promise<RedisPrimary[]>;

beforeEach(() => {
  instancesDir = mkdtempSync(join(tmpdir(), 'cache-health-'));
  waiting = new WaitingCredentials({ instancesDir, clock: { now: () => 7_000 }, log: recordingLog() });
  metrics = createMetrics();
  milliseconds = 0;
  state = { isUp: true, addresses: ['a:1'], warnings: [], connects: 1 };
  primaries = () => Promise.resolve([]);
});
afterEach(() => rmSync(instancesDir, { recursive: true }));

const primary = (address: string, info: Record<string, string> = {}): RedisPrimary => ({
  address,
  info: new Map(Object.entries({ maxmemory_policy: 'noeviction', evicted_keys: '0', ...info })),
  replicas: [],
});

const read = () =>
  readCacheHealth({
    link: { state: () => state, primaries: () => primaries() } as never,
    waiting,
    expectations: { held: 'credentials', lagSeconds: 10 },
    metrics,
    clock: { now: () => 0, monotonic: () => milliseconds },
  });

describe('the health of the cache', () => {
  it('is of every primary, with its replicas, and of the time that they took', async () => {
    const replica = { address: 'c:1', lagSeconds: 3, behindBytes: 20, isOnline: true };
    primaries = () => {
      milliseconds += 1.2345;
      return Promise.resolve([
        { ...primary('a:1', { evicted_keys: '2' }), replicas: [replica] },
        primary('b:1', { evicted_keys: '5', maxmemory_policy: 'volatile-lru' }),
      ]);
    };
    expect(await read()).toMatchObject({
      up: true,
      roundTripMs: 1.23,
      primaries: [
        { address: 'a:1', maxmemoryPolicy: 'noeviction', evictedKeys: 2, replicas: [replica] },
        { address: 'b:1', maxmemoryPolicy: 'volatile-lru', evictedKeys: 5, replicas: [] },
      ],
      error: undefined,
    });
    expect((await metrics.cacheEvictions.get()).values).toMatchObject([{ value: 7 }]);
  });

  it('is known also of a server that tells little of itself', async () => {
    primaries = () => Promise.resolve([{ address: 'a:1', info: new Map(), replicas: [] }]);
    expect((await read()).primaries).toEqual([{ address: 'a:1', maxmemoryPolicy: null, evictedKeys: 0, replicas: [] }]);
  });

  it('names what the way there and each server give cause to worry about', async () => {
    state.warnings = ['a:1 is a replica'];
    primaries = () => Promise.resolve([primary('a:1'), primary('b:1', { evicted_keys: '5' })]);
    expect((await read()).warnings).toEqual([
      'a:1 is a replica',
      '5 keys were evicted since the server started: raise maxmemory, or find what fills it.',
    ]);
  });

  it.each([
    [0, 0],
    [1, 0],
    [4, 3],
  ])('tells of a primary that was found %i times as of %i reconnects', async (connects, reconnects) => {
    state.connects = connects;
    expect((await read()).reconnects).toBe(reconnects);
  });

  it('tells what is wrong where no primary answers, and what was before', async () => {
    state = { isUp: false, addresses: ['a:1'], warnings: ['as before'], connects: 2 };
    primaries = () => Promise.reject(away);
    metrics.cacheReads.labels('groups', 'hit').inc();
    expect(await read()).toMatchObject({
      ...{ up: false, roundTripMs: null, primaries: [], reconnects: 1, warnings: ['as before'], error: away },
      reads: { groups: { hits: 1 } },
    });
  });

  it('does not take a mistake of ours for a Redis that is away', async () => {
    primaries = () => Promise.reject(new TypeError('It is a test.'));
    await expect(read()).rejects.toThrow(TypeError);
  });

  it('counts reads of each cache, and the hits among those that were answered', async () => {
    const count = (cache: string, outcome: string, times: number) =>
      metrics.cacheReads.labels(cache, outcome).inc(times);
    count('instance', 'hit', 2);
    count('instance', 'miss', 1);
    count('instance', 'unknown', 9);
    count('groups', 'unknown', 4);
    count('baileys', 'miss', 3);
    expect((await read()).reads).toEqual({
      instance: { hits: 2, misses: 1, unknown: 9, hitRate: 0.667 },
      groups: { hits: 0, misses: 0, unknown: 4, hitRate: null },
      baileys: { hits: 0, misses: 3, unknown: 0, hitRate: 0 },
    });
  });

  it('tells how much waits for Redis', async () => {
    await waiting.put('a', 'creds', '1');
    await waiting.put('a', 'pre-key-1', '1');
    expect((await read()).waiting).toEqual({ instances: 1, writes: 2, unsaved: 0, oldestAt: 7_000 });
  });
});

describe('the answer to GET /guard/health', () => {
  /** With everything but the cache in order. */
  async function answer(cache: CacheHealth | undefined): Promise<Record<string, unknown>> {
    const status: Status = {
      ...{ guardVersion: '1.0.0', hostVersion: '2.3.7', features: [], now: () => 0 },
      database: () => ({ up: true, error: undefined }),
      broker: () => undefined,
      cache: () => (cache ? Promise.resolve(cache) : undefined),
      backlog: () => Promise.resolve({ pending: 0, dead: 0, oldestCapturedAt: undefined }),
    };
    let answered: Record<string, unknown> = {};
    await getHealth(status)({} as never, { json: (body: typeof answered) => (answered = body) } as never);
    return JSON.parse(JSON.stringify(answered)) as typeof answered;
  }

  it('has the cache in it, and is degraded with the reason while that is away', async () => {
    primaries = () => Promise.resolve([primary('a:1')]);
    const fine = await answer(await read());
    expect(fine).toMatchObject({ status: 'ok', problems: [], cache: { up: true, primaries: [{ address: 'a:1' }] } });
    state.isUp = false;
    primaries = () => Promise.reject(away);
    const bad = await answer(await read());
    const { code, message } = away;
    expect(bad).toMatchObject({ status: 'degraded', problems: [{ code, message }], cache: { up: false } });
    expect(bad.cache).not.toHaveProperty('error');
  });

  it('says nothing of a cache that is the host’s own', async () => {
    expect(await answer(undefined)).toMatchObject({ status: 'ok', cache: null });
  });
});
