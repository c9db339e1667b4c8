import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WaitingCredentials } from '../../src/cache/waiting/waiting-credentials';
import { WriteBack } from '../../src/cache/waiting/write-back';
import { GuardError } from '../../src/core/errors';
import { createMetrics, type Metrics } from '../../src/metrics/metrics';
import type { RedisLinkState } from '../../src/stores/redis/redis-link';
import { fakeRedis, type FakeRedis } from '../helpers/fake-credential-writes';
import { recordingLog } from '../helpers/recording-log';
import { until } from '../helpers/until';

const refused = new GuardError('GUARD_CACHE_REFUSED', 'It is a test.');

let instancesDir: string;
let redis: FakeRedis;
let waiting: WaitingCredentials;
let metrics: Metrics;
let isUp: boolean;
let listeners: Set<(isUp: boolean) => void>;
let writeBack: WriteBack | undefined;

beforeEach(() => {
  instancesDir = mkdtempSync(join(tmpdir(), 'write-back-'));
  redis = fakeRedis();
  waiting = new WaitingCredentials({ instancesDir, clock: { now: () => 0 }, log: recordingLog() });
  metrics = createMetrics();
  isUp = false;
  listeners = new Set();
});

afterEach(async () => {
  await writeBack?.stop();
  rmSync(instancesDir, { recursive: true });
});

function start(): void {
  const link = {
    state: () => ({ isUp }) as RedisLinkState,
    onChange: (changed: (now: boolean) => void) => (listeners.add(changed), () => listeners.delete(changed)),
  };
  writeBack = new WriteBack({ link, waiting, writes: redis, log: recordingLog(), metrics });
}

function change(now: boolean): void {
  isUp = now;
  for (const changed of listeners) changed(now);
}

const shown = async () => (await metrics.cacheWaiting.get()).values[0]?.value;

describe('writing back', () => {
  it('begins as soon as there is a primary, and not before', async () => {
    start();
    await waiting.put('a', 'creds', '1');
    change(false);
    await new Promise(setImmediate);
    expect([redis.calls, waiting.isWaiting('a')]).toEqual([[], true]);
    const before = performance.now();
    change(true);
    await until(async () => !waiting.isWaiting('a') && (await shown()) === 0);
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(redis.calls).toEqual(['hSet a creds 1']);
  });

  it('begins at the start with what an earlier process has left', async () => {
    await waiting.put('a', 'creds', '1');
    isUp = true;
    start();
    await until(() => !waiting.isWaiting('a'));
  });

  it('goes on by itself where the primary refused, and shows what is left', async () => {
    let refusals = 0;
    redis.before = () => {
      if (refusals++ === 0) throw refused;
    };
    await waiting.put('a', 'creds', '1');
    await waiting.put('a', 'pre-key-1', '1');
    isUp = true;
    start();
    await until(() => refusals > 0);
    await until(async () => (await shown()) === 1);
    await until(async () => (await shown()) === 0);
    expect([redis.contents, refusals]).toEqual([{ a: { creds: '1', 'pre-key-1': '1' } }, 3]);
  });

  it('brings to the disk what that refused before, also while there is no primary', async () => {
    const root = join(instancesDir, 'evolution-guard-waiting');
    writeFileSync(root, '');
    await waiting.put('a', 'creds', '1');
    rmSync(root);
    expect(waiting.size().unsaved).toBe(1);
    start();
    await until(() => waiting.size().unsaved === 0);
    await writeBack?.stop();
    expect([waiting.isWaiting('a'), redis.calls, await shown()]).toEqual([true, [], 1]);
  });

  it('ends with what is in memory on the disk, and hears of no primary any more', async () => {
    start();
    const root = join(instancesDir, 'evolution-guard-waiting');
    writeFileSync(root, '');
    await waiting.put('a', 'creds', '1');
    rmSync(root);
    await writeBack?.stop();
    expect([waiting.size().unsaved, listeners.size]).toEqual([0, 0]);
    change(true);
    await new Promise(setImmediate);
    expect(redis.calls).toEqual([]);
  });
});
