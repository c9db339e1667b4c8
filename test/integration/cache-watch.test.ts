import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Redis from 'ioredis';
import type { ReplicaLag } from '../../src/cache/replica-lags';
import { startCacheWatch } from '../../src/cache/watch-cache';
import { systemClock } from '../../src/core/clock';
import { recordingLog } from '../helpers/recording-log';
import { startRedis, type RunningService } from '../helpers/services';
import { until } from '../helpers/until';
import { openLink } from './cache-audit-rig';

let primary: RunningService;
let replica: RunningService;
let client: Redis;

beforeAll(async () => {
  [primary, replica] = [await startRedis({ private: true }), await startRedis({ private: true })];
  client = new Redis(primary.url);
  await client.config('SET', 'repl-diskless-sync-delay', '0', 'repl-timeout', '3');
  const follower = new Redis(replica.url);
  await follower.replicaof('127.0.0.1', new URL(primary.url).port);
  await follower.quit();
  await until(async () => (await client.info('replication')).includes('state=online'));
});

afterAll(async () => {
  await client.quit();
  await replica.stop();
  await primary.stop();
});

describe('the watch over a replica', () => {
  it('that stands still counts on after the primary has dropped it, until it is back', async () => {
    const [link, log] = [openLink(primary.url, 'watch'), recordingLog()];
    let lags: readonly ReplicaLag[] = [];
    const watch = startCacheWatch({
      link,
      lagSeconds: 1,
      figures: { replicas: (all) => (lags = all), audited: () => undefined, auditFailed: () => undefined },
      clock: systemClock,
      log,
      everyMs: 50,
    });
    const address = new URL(replica.url).host;
    await until(() => lags[0]?.isOnline === true && lags[0].lagSeconds <= 1);

    await replica.pause();
    await client.set('key', 'x'.repeat(1_000));
    await log.until(() => log.lines.some(({ level }) => level === 'error'));
    await until(() => (lags[0]?.behindBytes ?? 0) > 1_000 && lags[0]?.isOnline === false && lags[0].lagSeconds >= 4);
    await replica.resume();
    await log.until(() => log.lines.some(({ level }) => level === 'info'));

    const told = log.lines.filter(({ level }) => level !== 'debug');
    expect(told).toMatchObject([
      { level: 'error', fields: { code: 'GUARD_CACHE_LAG', replica: address } },
      { level: 'info', fields: { replica: address }, message: 'the replica has caught up' },
    ]);
    await watch.stop();
    link.stop();
  });
});
