import { PrimaryCache } from '../../../src/cache/primary-cache';
import { systemClock } from '../../../src/core/clock';
import { createLog } from '../../../src/core/log';
import { readSettings } from '../../../src/core/settings';
import { openRedis } from '../../../src/stores/redis/open-redis';
import { cachesOf, PREFIX, TTL_SECONDS, type Caches } from './items';

/**
 * Wired as in src/compose-cache.ts, without what keeps failures from the host: here they are to be seen. Resolves when a primary
 * is found.
 */
export async function guardedCaches(): Promise<Caches> {
  const { cacheRedis, cacheTimeoutMs, logLevel } = readSettings(process.env);
  if (!cacheRedis) throw new Error('no Redis is named');
  const [clock, random, log] = [systemClock, Math.random, createLog(logLevel)];
  const link = openRedis({ place: cacheRedis, prefix: PREFIX, limitMs: cacheTimeoutMs, clock, random, log });
  if (!link.state().isUp) await new Promise((resolve) => link.onChange((isUp) => isUp && resolve(undefined)));
  return cachesOf((module) => new PrimaryCache({ link, prefix: PREFIX, module, ttlSeconds: TTL_SECONDS }));
}
