import type { Random } from '../../core/backoff';
import type { Clock } from '../../core/clock';
import type { Log } from '../../core/log';
import type { RedisPlace } from '../../core/redis-place';
import { ClusterLink } from './cluster-link';
import { PrimaryLink } from './primary-link';
import type { RedisLink } from './redis-link';

export interface RedisOptions {
  place: RedisPlace;
  /** CACHE_REDIS_PREFIX_KEY: keys of the host begin with it, and so does ours. */
  prefix: string;
  /** Within so many milliseconds every call ends. */
  limitMs: number;
  clock: Clock;
  random: Random;
  log: Log;
}

/** Begins to look for the primary at once. */
export function openRedis({ place, ...options }: RedisOptions): RedisLink {
  return place.kind === 'cluster' ? new ClusterLink({ place, ...options }) : new PrimaryLink({ place, ...options });
}
