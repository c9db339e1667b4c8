import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import Redis from 'ioredis';
import type { Backends } from '../../scripts/host/environment';
import type { RunningHost } from '../../scripts/host/running-host';
import { startRedis, type RunningService } from '../helpers/services';
import { createBackends, createInstance, eventually, program, startHost } from './host-under-test';

const CHAT = '5511988887777';
/** GUARD_CACHE_TIMEOUT_MS is 2 seconds; a host on a busy machine takes some more. */
const IN_TIME_MS = 4_000;

interface CacheHealth {
  up: boolean;
  primaries: { address: string }[];
  warnings: string[];
}

// The stand-in keeps nothing in a Redis: this is for a checkout.
const onCheckout = program.caches ? describe : describe.skip;

onCheckout(`${program.name}, guarded, and its Redis`, () => {
  let backends: Backends;
  let redis: RunningService;
  let host: RunningHost | undefined;

  beforeAll(async () => {
    [backends, redis] = await Promise.all([createBackends(), startRedis({ private: true })]);
  });

  afterEach(async () => {
    await host?.stop();
    host = undefined;
  });

  afterAll(() => redis.stop());

  const start = async (cacheUrl: string) => (host = await startHost({ ...backends, cacheUrl, guarded: true }));
  const cacheOf = async (running: RunningHost) =>
    ((await (await running.get('/guard/health')).json()) as { cache: CacheHealth }).cache;
  const addressOf = ({ url }: RunningService) => new URL(url).host;

  async function expectAnswers(running: RunningHost): Promise<void> {
    const before = performance.now();
    const instance = await createInstance(running, 'cache');
    await running.sendText(instance, CHAT, 'without a cache');
    expect((await running.get('/instance/fetchInstances')).status).toBe(200);
    expect(performance.now() - before).toBeLessThan(3 * IN_TIME_MS);
  }

  it('answers in time while it is away, says so, and has it again afterwards', async () => {
    const running = await start(redis.url);
    expect(await cacheOf(running)).toMatchObject({ up: true, primaries: [{ address: addressOf(redis) }] });
    await redis.kill();
    await expectAnswers(running);
    const before = performance.now();
    expect(await cacheOf(running)).toMatchObject({ up: false });
    expect(performance.now() - before).toBeLessThan(IN_TIME_MS);
    await redis.restart();
    await eventually(async () => (await cacheOf(running)).up);
  });

  it('starts without it, answers, and has it when it is there', async () => {
    await redis.kill();
    const running = await start(redis.url);
    await expectAnswers(running);
    await redis.restart();
    await eventually(async () => (await cacheOf(running)).up);
  });

  it('uses the primary where the URL leads to a replica, and warns of that', async () => {
    const replica = await startRedis({ private: true });
    const client = new Redis(replica.url);
    await client.replicaof('127.0.0.1', new URL(redis.url).port);
    const running = await start(replica.url);
    const { primaries, warnings } = await cacheOf(running);
    expect(primaries).toMatchObject([{ address: addressOf(redis) }]);
    expect(warnings).toContain(`${addressOf(replica)} is a replica: its primary ${addressOf(redis)} is used`);
    await expectAnswers(running);
    client.disconnect();
    await replica.stop();
  });
});
