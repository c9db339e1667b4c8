/** The host's ICache (src/api/abstract/abstract.cache.ts), with what its RedisCache answers. */
export interface HostCache {
  /** @returns the value; null where there is none; undefined where that could not be told. */
  get(key: string): Promise<unknown>;
  /** @returns the value of a field of a hash; null where there is none; undefined where that could not be told. */
  hGet(key: string, field: string): Promise<unknown>;
  /** @param ttl seconds; absent or 0: CACHE_REDIS_TTL. */
  set(key: string, value: unknown, ttl?: number): Promise<void>;
  hSet(key: string, field: string, value: unknown): Promise<void>;
  has(key: string): Promise<boolean | undefined>;
  /** @returns full names, prefix and module included, of keys that begin with the criteria and a colon. */
  keys(appendCriteria?: string): Promise<string[] | undefined>;
  /** @returns how many there were. */
  delete(key: string | string[]): Promise<number | undefined>;
  hDelete(key: string, field: string): Promise<number | undefined>;
  deleteAll(appendCriteria?: string): Promise<number | undefined>;
}
