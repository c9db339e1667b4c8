import type { Clock } from '../core/clock';
import { GuardError } from '../core/errors';
import type { Metrics } from '../metrics/metrics';
import type { RedisLink, RedisPrimary, RedisReplica } from '../stores/redis/redis-link';
import { judgeServer, type ServerExpectations } from './judge-server';
import type { WaitingCredentials, WaitingSize } from './waiting/waiting-credentials';

export interface ServerHealth {
  /** host:port */
  address: string;
  maxmemoryPolicy: string | null;
  /** Since the server was started. */
  evictedKeys: number;
  replicas: RedisReplica[];
}

export interface ReadRates {
  hits: number;
  misses: number;
  /** Reads that Redis did not answer in time. */
  unknown: number;
  /** Hits among the answered ones, 0 to 1; null before the first. */
  hitRate: number | null;
}

export interface CacheHealth {
  up: boolean;
  /** Of a command to every primary; null where that did not end well. */
  roundTripMs: number | null;
  primaries: ServerHealth[];
  /** Times that a primary was found again. */
  reconnects: number;
  /** Sentences for the operator. */
  warnings: string[];
  /** By the host's name of the cache. */
  reads: Record<string, ReadRates>;
  /** Writes of credentials that Redis has not taken yet. */
  waiting: WaitingSize;
  error: GuardError | undefined;
}

export interface CacheHealthOptions {
  link: RedisLink;
  waiting: WaitingCredentials;
  expectations: ServerExpectations;
  metrics: Pick<Metrics, 'cacheReads' | 'cacheEvictions'>;
  clock: Clock;
}

/** Asks every primary; ends within the limit of the link. */
export async function readCacheHealth(options: CacheHealthOptions): Promise<CacheHealth> {
  const { link, waiting, expectations, metrics, clock } = options;
  const from = clock.monotonic();
  const primaries = await link.primaries().catch((error: unknown) => {
    if (error instanceof GuardError) return error;
    throw error;
  });
  const { isUp, warnings, connects } = link.state();
  const known = primaries instanceof GuardError ? [] : primaries;
  const servers = known.map(serverOf);
  metrics.cacheEvictions.set(servers.reduce((sum, { evictedKeys }) => sum + evictedKeys, 0));
  return {
    up: isUp,
    roundTripMs: primaries instanceof GuardError ? null : Math.round((clock.monotonic() - from) * 100) / 100,
    primaries: servers,
    reconnects: Math.max(0, connects - 1),
    warnings: [...warnings, ...known.flatMap((each) => judgeServer(each, expectations))],
    reads: await readRates(metrics),
    waiting: waiting.size(),
    error: primaries instanceof GuardError ? primaries : undefined,
  };
}

function serverOf({ address, info, replicas }: RedisPrimary): ServerHealth {
  return {
    address,
    maxmemoryPolicy: info.get('maxmemory_policy') ?? null,
    evictedKeys: Number(info.get('evicted_keys') ?? 0),
    replicas,
  };
}

async function readRates({ cacheReads }: Pick<Metrics, 'cacheReads'>): Promise<Record<string, ReadRates>> {
  const rates: Record<string, ReadRates> = {};
  for (const { labels, value } of (await cacheReads.get()).values) {
    const rate = (rates[String(labels.cache)] ??= { hits: 0, misses: 0, unknown: 0, hitRate: null });
    if (labels.outcome === 'hit') rate.hits = value;
    else if (labels.outcome === 'miss') rate.misses = value;
    else rate.unknown = value;
  }
  for (const rate of Object.values(rates)) {
    const answered = rate.hits + rate.misses;
    if (answered > 0) rate.hitRate = Math.round((rate.hits / answered) * 1000) / 1000;
  }
  return rates;
}
