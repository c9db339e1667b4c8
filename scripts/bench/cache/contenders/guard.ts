import { PrimaryCache } from '../../../../src/cache/primary-cache';
import { TolerantCache } from '../../../../src/cache/tolerant-cache';
import { systemClock } from '../../../../src/core/clock';
import { createLog } from '../../../../src/core/log';
import { readSettings } from '../../../../src/core/settings';
import { createMetrics } from '../../../../src/metrics/metrics';
import { openRedis } from '../../../../src/stores/redis/open-redis';
import { PREFIX, placeOf, TTL_SECONDS } from '../installation';
import { cachesOf, type Caches } from '../service';

/** The guard's cache, wired as in src/compose-cache.ts, with the settings that an operator gets without asking. */
export async function startGuard(redisUrl: string): Promise<Caches> {
  const settings = readSettings({});
  const log = createLog('warn', { write: fail });
  const [clock, random, metrics] = [systemClock, Math.random, createMetrics()];
  const limitMs = settings.cacheTimeoutMs;
  const link = openRedis({ place: placeOf(redisUrl), prefix: PREFIX, limitMs, clock, random, log });
  await link.run(['PING']);
  return cachesOf((module) => {
    const cache = new PrimaryCache({ link, prefix: PREFIX, module, ttlSeconds: TTL_SECONDS });
    return new TolerantCache({ cache, module, metrics, clock, log });
  });
}

/** What goes wrong is logged; here it would be measured instead of what was to be. */
function fail(line: string): never {
  throw new Error(line);
}
