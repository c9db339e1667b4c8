import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import Redis from 'ioredis';
import { systemClock } from '../../src/core/clock';
import { createMetrics } from '../../src/metrics/metrics';
import { ChatLeases } from '../../src/sends/chat-leases';
import { LockServers } from '../../src/stores/redis/lock-servers';
import { recordingLog, type RecordingLog } from '../helpers/recording-log';
import { sharedRedis, startRedis, type RunningService } from '../helpers/services';
import { until } from '../helpers/until';

const LONG_MS = 60_000;
const HOUR_MS = 3_600_000;
const going = new AbortController().signal;

const opened: LockServers[] = [];
const logs = new Map<LockServers, RecordingLog>();

/** What one process has. */
async function open(uris: readonly string[], prefix = 'test:lock:'): Promise<LockServers> {
  const log = recordingLog();
  const locks = new LockServers({ uris, prefix, clock: systemClock, log });
  opened.push(locks);
  logs.set(locks, log);
  await locks.ready();
  return locks;
}

const linesOf = (locks: LockServers) => logs.get(locks)?.lines.filter(({ level }) => level !== 'debug') ?? [];
const newKey = () => `test\0${randomUUID()}`;

/** Asks until the lock is got. */
async function untilGot(locks: LockServers, key: string, lengthMs = LONG_MS) {
  for (;;) {
    const lock = await locks.acquire(key, lengthMs);
    if (lock) return lock;
  }
}

/** Asks until the servers answer, or answer no more. */
async function untilAnswers(locks: LockServers, wanted: boolean): Promise<void> {
  const answers = () => locks.acquire(newKey(), 1_000).then(() => true, () => false); // prettier-ignore
  while ((await answers()) !== wanted) await new Promise(setImmediate);
}

afterEach(async () => {
  jest.restoreAllMocks();
  for (const locks of opened.splice(0)) await locks.stop();
});

describe('locks on one Redis', () => {
  let uri: string;
  let one: LockServers;
  let other: LockServers;

  beforeAll(async () => {
    uri = await sharedRedis();
  });

  beforeEach(async () => {
    [one, other] = [await open([uri]), await open([uri])];
  });

  it('are one process’s at a time, until it gives them back', async () => {
    const [key, before] = [newKey(), systemClock.monotonic()];
    const lock = await one.acquire(key, LONG_MS);
    expect(lock?.until).toBeGreaterThan(before + 0.9 * LONG_MS);
    expect(lock?.until).toBeLessThan(systemClock.monotonic() + LONG_MS);
    expect([await other.acquire(key, LONG_MS), await one.acquire(key, LONG_MS)]).toEqual([undefined, undefined]);
    expect(await other.acquire(newKey(), LONG_MS)).toBeDefined();
    if (lock) await one.release(lock);
    expect(await other.acquire(key, LONG_MS)).toBeDefined();
  });

  it('are apart for each installation that shares the server', async () => {
    const [key, foreign] = [newKey(), await open([uri], 'elsewhere:lock:')];
    await one.acquire(key, LONG_MS);
    expect(await foreign.acquire(key, LONG_MS)).toBeDefined();
  });

  it('end by themselves, and cannot be extended when another process has them', async () => {
    const key = newKey();
    const lock = await one.acquire(key, 100);
    const theirs = await untilGot(other, key);
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(lock?.until ?? Infinity);
    expect(lock && (await one.extend(lock, LONG_MS))).toBeUndefined();
    expect(await other.extend(theirs, LONG_MS)).toBeDefined();
  });

  it('are prolonged by an extension, any number of times', async () => {
    const key = newKey();
    let lock = await one.acquire(key, 300);
    const first = lock?.until ?? 0;
    while (lock && systemClock.monotonic() < first + 300) {
      expect(await other.acquire(key, LONG_MS)).toBeUndefined();
      lock = await one.extend(lock, 300);
    }
    expect(lock?.until).toBeGreaterThan(first);
    await untilGot(other, key);
  });

  it.each([
    ['on', HOUR_MS],
    ['back', -HOUR_MS],
  ])('neither end nor last longer when the wall clock is put %s', async (_where, shiftMs) => {
    const key = newKey();
    const now = Date.now;
    const lock = await one.acquire(key, 2_000);
    jest.spyOn(Date, 'now').mockImplementation(() => now() + shiftMs);
    const before = systemClock.monotonic();
    const extended = lock && (await one.extend(lock, 100));
    expect(extended?.until).toBeGreaterThan(before);
    expect(extended?.until).toBeLessThan(systemClock.monotonic() + 100);
    expect(await other.acquire(key, LONG_MS)).toBeUndefined();
    const theirs = await untilGot(other, key);
    expect(theirs.until).toBeGreaterThan(systemClock.monotonic() + LONG_MS / 2);
    expect(extended && (await one.extend(extended, LONG_MS))).toBeUndefined();
  });

  it('are free for others at once when a process stops', async () => {
    const leases = new ChatLeases({ ...leasesOptions(), locks: one });
    const keys = [newKey(), newKey()];
    for (const key of keys) await leases.hold(key, going);
    leases.stop();
    await one.stop();
    for (const key of keys) await untilGot(other, key);
  });
});

const leasesOptions = () => ({
  leaseMs: 300,
  fallback: 'process' as const,
  clock: systemClock,
  random: Math.random,
  log: recordingLog(),
  metrics: createMetrics(),
});

describe('leases of two processes on one Redis', () => {
  let uri: string;

  beforeAll(async () => {
    uri = await sharedRedis();
  });

  it('are kept for many lengths while there is work, and go to who waits when there is none', async () => {
    const [one, other] = [await open([uri]), await open([uri])];
    const acquired = jest.spyOn(one, 'acquire');
    const [mine, theirs] = [one, other].map((locks) => new ChatLeases({ ...leasesOptions(), locks }));
    const key = newKey();
    const lease = await mine?.hold(key, going);
    const waiting = theirs?.hold(key, going).then((got) => ({ got, wasHeld: lease?.isHeld() }));
    const end = systemClock.monotonic() + 900;
    while (systemClock.monotonic() < end) {
      expect([lease?.isHeld(), await mine?.hold(key, going)]).toEqual([true, lease]);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(acquired).toHaveBeenCalledTimes(1);
    mine?.drop(key);
    const { got, wasHeld } = (await waiting) ?? {};
    expect([got?.isHeld(), wasHeld]).toEqual([true, false]);
    theirs?.stop();
  });

  it('are seen to be lost when the server has forgotten them', async () => {
    const locks = await open([uri]);
    const leases = new ChatLeases({ ...leasesOptions(), locks });
    const key = newKey();
    const lease = await leases.hold(key, going);
    const redis = new Redis(uri);
    expect(await redis.del(...(await redis.keys(`*${key.split('\0')[1]}*`)))).toBe(1);
    redis.disconnect();
    while (lease.isHeld()) await new Promise(setImmediate);
    expect((await leases.hold(key, going)).isHeld()).toBe(true);
    leases.stop();
  });
});

describe('locks on a Redis that fails', () => {
  let redis: RunningService;

  beforeAll(async () => {
    redis = await startRedis({ private: true });
  });

  afterAll(() => redis.stop());

  it('fail while it is away, say so once, and work again when it is back', async () => {
    const locks = await open([redis.url]);
    const [key, lock] = [newKey(), await locks.acquire(newKey(), LONG_MS)];
    await redis.kill();
    await expect(locks.acquire(key, LONG_MS)).rejects.toThrow();
    if (lock) await expect(locks.extend(lock, LONG_MS)).rejects.toThrow();
    if (lock) await locks.release(lock);
    await logs.get(locks)?.until(() => linesOf(locks).length > 0);
    for (let time = 0; time < 10; time += 1) await expect(locks.acquire(key, LONG_MS)).rejects.toThrow();
    await redis.restart();
    await untilAnswers(locks, true);
    expect(await locks.acquire(key, LONG_MS)).toBeDefined();
    expect(linesOf(locks).map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'a Redis that holds locks does not answer'],
      ['info', 'a Redis that holds locks answers again'],
    ]);
  });

  it('that comes back empty are lost', async () => {
    const locks = await open([redis.url]);
    const lock = await locks.acquire(newKey(), LONG_MS);
    await redis.restart();
    await untilAnswers(locks, true);
    expect(lock && (await locks.extend(lock, LONG_MS))).toBeUndefined();
  });

  it('that stands still fail after a time, and can be got when it goes on', async () => {
    const locks = await open([redis.url]);
    await redis.pause();
    await expect(locks.acquire(newKey(), LONG_MS)).rejects.toThrow();
    await redis.resume();
    await untilAnswers(locks, true);
  });

  it('leave the chats to this process meanwhile, with one alarm, and are held there again afterwards', async () => {
    const [options, locks] = [leasesOptions(), await open([redis.url])];
    const leases = new ChatLeases({ ...options, locks });
    const alarms = () => options.log.lines.filter(({ level }) => level !== 'debug').map(({ level }) => level);
    const before = await leases.hold(newKey(), going);
    await redis.kill();
    await until(() => !before.isHeld());
    for (let chat = 0; chat < 5; chat += 1) expect((await leases.hold(newKey(), going)).isHeld()).toBe(true);
    expect(alarms()).toEqual(['error']);
    await redis.restart();
    await untilAnswers(locks, true);
    await until(async () => {
      leases.drop('test');
      await leases.hold('test', going);
      return alarms().length > 1;
    });
    expect(alarms()).toEqual(['error', 'info']);
    leases.stop();
  });

  it('can be asked for before it is there', async () => {
    await redis.kill();
    const locks = await open([redis.url]);
    await expect(locks.acquire(newKey(), LONG_MS)).rejects.toThrow();
    await redis.restart();
    await untilAnswers(locks, true);
  });
});

describe('locks on three Redis servers', () => {
  let servers: RunningService[];
  let uris: string[];

  beforeAll(async () => {
    servers = await Promise.all([1, 2, 3].map(() => startRedis({ private: true })));
    uris = servers.map(({ url }) => url);
  });

  afterAll(() => Promise.all(servers.map((server) => server.stop())));

  it('are one process’s at a time, however many ask at once', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => open(uris)));
    for (let round = 0; round < 20; round += 1) {
      const key = newKey();
      const got = await Promise.all(all.map((locks) => locks.acquire(key, LONG_MS)));
      expect(got.filter((lock) => lock !== undefined).length).toBeLessThanOrEqual(1);
    }
  });

  it('can be got, extended and given back while one of them is away', async () => {
    const [one, other] = [await open(uris), await open(uris)];
    const [before, after] = [newKey(), newKey()];
    const held = await one.acquire(before, LONG_MS);
    await servers[0]?.kill();
    expect(held && (await one.extend(held, LONG_MS))).toBeDefined();
    expect(await other.acquire(before, LONG_MS)).toBeUndefined();
    const lock = await one.acquire(after, LONG_MS);
    expect(await other.acquire(after, LONG_MS)).toBeUndefined();
    if (lock) await one.release(lock);
    expect(await other.acquire(after, LONG_MS)).toBeDefined();
    await servers[0]?.restart();
  });

  it('fail while two of them are away, also those that somebody has on the third', async () => {
    const [one, other] = [await open(uris), await open(uris)];
    const key = newKey();
    const lock = await one.acquire(key, LONG_MS);
    await Promise.all(servers.slice(1).map((server) => server.kill()));
    await expect(one.acquire(newKey(), LONG_MS)).rejects.toThrow();
    if (lock) await expect(one.extend(lock, LONG_MS)).rejects.toThrow();
    await expect(other.acquire(key, LONG_MS)).rejects.toThrow();
    await Promise.all(servers.slice(1).map((server) => server.restart()));
    await untilAnswers(one, true);
    await untilAnswers(other, true);
  });
});
