import type { HostCache } from './cache/host-cache';
import { PrimaryCache } from './cache/primary-cache';
import { TolerantCache } from './cache/tolerant-cache';
import type { Random } from './core/backoff';
import type { Clock } from './core/clock';
import type { Log } from './core/log';
import type { Settings } from './core/settings';
import { joinCache } from './host/cache-seam';
import type { Host } from './host/handshake';
import type { Metrics } from './metrics/metrics';
import { openRedis } from './stores/redis/open-redis';
import type { RedisLink } from './stores/redis/redis-link';

export interface ComposeCacheOptions {
  host: Host;
  settings: Settings;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Metrics;
}

/** Wires the cache; the part of compose.ts that it has for itself. @returns nothing where it is off. */
export function composeCache(options: ComposeCacheOptions): { link: RedisLink; stop: () => Promise<void> } | undefined {
  const { host, settings, clock, random, log, metrics } = options;
  const { cache: config } = host;
  if (!config || !settings.cacheRedis) return undefined;
  const prefix = config.PREFIX_KEY;
  const link = openRedis({ place: settings.cacheRedis, prefix, limitMs: settings.cacheTimeoutMs, clock, random, log });
  link.onChange((isUp) => {
    metrics.cacheUp.set(isUp ? 1 : 0);
    if (isUp) metrics.cacheConnects.inc();
  });
  joinCache((module): HostCache => {
    const cache = new PrimaryCache({ link, prefix, module, ttlSeconds: config.TTL });
    return new TolerantCache({ cache, module, metrics, clock, log });
  });
  return {
    link,
    stop() {
      link.stop();
      return Promise.resolve();
    },
  };
}
