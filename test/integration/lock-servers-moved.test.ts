import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import Redis from 'ioredis';
import { systemClock } from '../../src/core/clock';
import { createMetrics } from '../../src/metrics/metrics';
import { ChatLeases } from '../../src/sends/chat-leases';
import { LockServers } from '../../src/stores/redis/lock-servers';
import { recordingLog } from '../helpers/recording-log';
import { startRedis, type RunningService } from '../helpers/services';
import { until } from '../helpers/until';

const LONG_MS = 60_000;
const PREFIX = 'test:lock:';

let former: RunningService;
let present: RunningService;
let locks: LockServers;
let key: string;

/** What one process has. */
async function open(uri: string): Promise<LockServers> {
  const opened = new LockServers({ uris: [uri], prefix: PREFIX, clock: systemClock, log: recordingLog() });
  await opened.ready();
  return opened;
}

/** Moves, and resolves when the new server answers. */
async function move(uri: string): Promise<void> {
  locks.moveTo(uri);
  await locks.ready();
}

/** Connections of ours that a server has. */
async function connectionsOf({ url }: RunningService): Promise<number> {
  const client = new Redis(url);
  const list = (await client.client('LIST')) as string;
  client.disconnect();
  return list.split('\n').filter((each) => each.includes('name=evolution-guard')).length;
}

beforeAll(async () => {
  [former, present] = await Promise.all([startRedis({ private: true }), startRedis({ private: true })]);
});
afterAll(() => Promise.all([former.stop(), present.stop()]));

beforeEach(async () => {
  key = `test\0${randomUUID()}`;
  locks = await open(former.url);
});
afterEach(() => locks.stop());

describe('locks whose server is another one from now on', () => {
  it('are seen to be lost where the new one has not heard of them', async () => {
    const lock = await locks.acquire(key, LONG_MS);
    expect(lock && (await locks.extend(lock, LONG_MS))).toBeDefined();
    await move(present.url);
    expect(lock && (await locks.extend(lock, LONG_MS))).toBeUndefined();
  });

  it('are got on the new one, and keep those out who are there already', async () => {
    const other = await open(present.url);
    await move(present.url);
    expect(await locks.acquire(key, LONG_MS)).toBeDefined();
    expect(await other.acquire(key, LONG_MS)).toBeUndefined();
    await other.stop();
  });

  it('are not those of the former one, which it has no connection to any more', async () => {
    const other = await open(former.url);
    await other.acquire(key, LONG_MS);
    expect(await locks.acquire(key, LONG_MS)).toBeUndefined();
    await move(present.url);
    expect(await locks.acquire(key, LONG_MS)).toBeDefined();
    await other.stop();
    await until(async () => (await connectionsOf(former)) === 0);
    expect(await connectionsOf(present)).toBe(1);
  });

  it('can be kept where the new one has heard of them', async () => {
    const lock = await locks.acquire(key, LONG_MS);
    const [from, to] = [new Redis(former.url), new Redis(present.url)];
    const [name = ''] = await from.keys(`${PREFIX}*${key.split('\0')[1]}*`);
    await to.set(name, (await from.get(name)) ?? '', 'PX', LONG_MS);
    for (const client of [from, to]) client.disconnect();
    await move(present.url);
    expect(lock && (await locks.extend(lock, LONG_MS))).toBeDefined();
  });

  it('are asked for again by leases of chats, which go on', async () => {
    const leases = new ChatLeases({
      ...{ locks, leaseMs: 300, fallback: 'process', clock: systemClock, random: Math.random },
      ...{ log: recordingLog(), metrics: createMetrics() },
    });
    const lease = await leases.hold(key, new AbortController().signal);
    await move(present.url);
    await until(() => !lease.isHeld());
    const other = await open(present.url);
    expect((await leases.hold(key, new AbortController().signal)).isHeld()).toBe(true);
    expect(await other.acquire(key, LONG_MS)).toBeUndefined();
    leases.stop();
    await other.stop();
  });

  it('end the connection to the last server when they stop', async () => {
    await move(present.url);
    await move(former.url);
    await locks.stop();
    await until(async () => (await connectionsOf(former)) + (await connectionsOf(present)) === 0);
  });
});
