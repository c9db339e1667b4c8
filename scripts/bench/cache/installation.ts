import { readRedisPlace } from '../../../src/core/redis-place';

/** What the host's settings say: CACHE_REDIS_PREFIX_KEY and CACHE_REDIS_TTL. */
export const PREFIX = 'evolution';
export const TTL_SECONDS = 604_800;

export function placeOf(redisUrl: string) {
  const place = readRedisPlace(redisUrl);
  if (!place) throw new Error(`${redisUrl} is no address of a Redis`);
  return place;
}
