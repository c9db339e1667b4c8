import { CACHE_METHODS } from './shapes';

/** Engines that the host has made so far, by module name, with the methods that they lack. */
const made = new Map<string, string[]>();

/**
 * The seam in the host's CacheEngine: receives each engine as it is made, at module load, before anything is attached.
 * Passes it through.
 *
 * @param engine the host's RedisCache or LocalCache, or undefined where no cache is configured.
 * @param module 'instance', 'baileys', 'groups' or 'ChatwootService' (a minified name in a bundle).
 */
export function cacheEngine<T>(engine: T, module: string): T {
  const methods = (engine ?? {}) as Record<string, unknown>;
  made.set(module, engine ? CACHE_METHODS.filter((method) => typeof methods[method] !== 'function') : []);
  return engine;
}

/** @returns what is wrong with the seam, or undefined. */
export function checkCacheSeam(): string | undefined {
  if (made.size === 0) return 'cacheEngine was never called: the patch "cache-engine" is not in this build';
  for (const [module, missing] of made) {
    if (missing.length > 0) return `the cache "${module}" has no ${missing.join(', ')}`;
  }
  const absent = ['instance', 'baileys'].filter((module) => !made.has(module));
  return absent.length > 0 ? `no cache "${absent.join('", "')}" was made` : undefined;
}
