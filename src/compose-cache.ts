import type { HostCache } from './cache/host-cache';
import { PrimaryCache } from './cache/primary-cache';
import { TolerantCache } from './cache/tolerant-cache';
import type { Random } from './core/backoff';
import type { Clock } from './core/clock';
import type { Log } from './core/log';
import type { Settings } from './core/settings';
import { sleep } from './core/sleep';
import { redisUrl } from './core/redis-place';
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

/** For so long the start waits for the primary: instances read their credentials right after it. */
const START_MS = 3_000;

export interface Cache {
  link: RedisLink;
  /** A plain URL of the primary. Nothing while there is none, and for a Cluster, which has several. */
  primaryUrl(): string | undefined;
  stop(): Promise<void>;
}

/** Wires the cache; the part of compose.ts that it has for itself. @returns nothing where it is off. */
export async function composeCache(options: ComposeCacheOptions): Promise<Cache | undefined> {
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
  await found(link);
  const place = settings.cacheRedis;
  return {
    link,
    primaryUrl() {
      const { isUp, addresses } = link.state();
      const [address] = addresses;
      return isUp && address !== undefined && place.kind !== 'cluster' ? redisUrl(address, place) : undefined;
    },
    stop() {
      link.stop();
      return Promise.resolve();
    },
  };
}

/** Resolves when there is a primary, or soon after all the same. */
async function found(link: RedisLink): Promise<void> {
  const over = new AbortController();
  const end = link.onChange((isUp) => isUp && over.abort());
  if (!link.state().isUp) await sleep(START_MS, over.signal);
  end();
}
