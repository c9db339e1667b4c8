import type { HostCache } from '../cache/host-cache';
import { hasMethod } from './shape-checks';
import { CACHE_METHODS } from './shapes';

/** Makes the engine that takes the place of one of the host's. @param module as the host names it. */
export type MakeCache = (module: string) => HostCache;

/** One of the host's engines: hands on every call, to that engine until another one takes its place. */
class SeamCache implements HostCache {
  constructor(public target: HostCache) {}

  get(key: string): Promise<unknown> {
    return this.target.get(key);
  }

  hGet(key: string, field: string): Promise<unknown> {
    return this.target.hGet(key, field);
  }

  set(key: string, value: unknown, ttl?: number): Promise<void> {
    return this.target.set(key, value, ttl);
  }

  hSet(key: string, field: string, value: unknown): Promise<void> {
    return this.target.hSet(key, field, value);
  }

  has(key: string): Promise<boolean | undefined> {
    return this.target.has(key);
  }

  keys(appendCriteria?: string): Promise<string[] | undefined> {
    return this.target.keys(appendCriteria);
  }

  delete(key: string | string[]): Promise<number | undefined> {
    return this.target.delete(key);
  }

  hDelete(key: string, field: string): Promise<number | undefined> {
    return this.target.hDelete(key, field);
  }

  deleteAll(appendCriteria?: string): Promise<number | undefined> {
    return this.target.deleteAll(appendCriteria);
  }
}

/** Methods that an engine of the host lacks, by module name. */
const lacking = new Map<string, string[]>();
const seams = new Map<string, SeamCache>();
let make: MakeCache | undefined;

/**
 * The seam in the host's CacheEngine: receives each engine as it is made, at module load, before anything is attached.
 *
 * @param engine the host's RedisCache or LocalCache, or undefined where no cache is configured.
 * @param module 'instance', 'baileys', 'groups' or 'ChatwootService' (a minified name in a bundle).
 * @returns what hands on to that engine, until joinCache puts another one in its place.
 */
export function cacheEngine<T>(engine: T, module: string): T {
  if (!engine) {
    lacking.set(module, []);
    return engine;
  }
  const missing = CACHE_METHODS.filter((method) => !hasMethod(engine, method));
  lacking.set(module, missing);
  if (missing.length > 0) return engine;
  const seam = new SeamCache(engine as unknown as HostCache);
  seams.set(module, seam);
  if (make) replace(seam, make(module));
  return seam as T;
}

/** Puts engines in the place of the host's, of those that are made later too. */
export function joinCache(making: MakeCache): void {
  make = making;
  for (const [module, seam] of seams) replace(seam, making(module));
}

function replace(seam: SeamCache, cache: HostCache): void {
  endConnection(seam.target);
  seam.target = cache;
}

/** @returns what is wrong with the seam, or undefined. */
export function checkCacheSeam(): string | undefined {
  if (lacking.size === 0) return 'cacheEngine was never called: the patch "cache-engine" is not in this build';
  for (const [module, missing] of lacking) {
    if (missing.length > 0) return `the cache "${module}" has no ${missing.join(', ')}`;
  }
  const absent = ['instance', 'baileys'].filter((module) => !lacking.has(module));
  return absent.length > 0 ? `no cache "${absent.join('", "')}" was made` : undefined;
}

interface RedisClient {
  isOpen?: boolean;
  disconnect?: () => Promise<unknown>;
}

/** The host's engines share one connection, which nobody needs any more. */
function endConnection(engine: object): void {
  const { client } = engine as { client?: RedisClient };
  if (!client?.isOpen) return;
  client.disconnect?.().catch(() => undefined); // it idles then, and that is all
}
