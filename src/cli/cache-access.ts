import { existsSync } from 'node:fs';
import { systemClock } from '../core/clock';
import { GuardError } from '../core/errors';
import { createLog } from '../core/log';
import { readSettings, type Environment, type Settings } from '../core/settings';
import { openRedis } from '../stores/redis/open-redis';
import type { RedisLink } from '../stores/redis/redis-link';
import { hostEnvironment } from './host-environment';

export interface CachePlace {
  link: RedisLink;
  settings: Settings;
  environment: Environment;
}

/** Nobody waits for a command but the operator. */
const LIMIT_MS = 5_000;

/**
 * Opens the way to the Redis of a host's cache for one command: the host need not run.
 *
 * @throws GuardError
 */
export async function withCache<T>(hostDir: string, action: (place: CachePlace) => Promise<T>): Promise<T> {
  if (!existsSync(hostDir)) throw new GuardError('GUARD_HOST_NOT_FOUND', `${hostDir} does not exist.`);
  const environment = hostEnvironment(hostDir, process.env);
  const settings = readSettings(environment);
  const link = openCache(settings);
  try {
    return await action({ link, settings, environment });
  } finally {
    link.stop();
  }
}

/** @throws GuardError GUARD_SETTINGS_INVALID where no Redis is named. */
export function openCache({ cacheRedis: place, cachePrefix: prefix }: Settings): RedisLink {
  if (!place) throw new GuardError('GUARD_SETTINGS_INVALID', '\n  - CACHE_REDIS_URI: is not set\n');
  const log = createLog('silent');
  return openRedis({ place, prefix, limitMs: LIMIT_MS, clock: systemClock, random: Math.random, log });
}
