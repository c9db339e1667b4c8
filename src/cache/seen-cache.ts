import type { HostCache } from './host-cache';
import { Sighting } from './sighting';

/**
 * The host's cache of ids that it has seen. It sets an id before it processes the message; here the id is held back,
 * where the handler of that message alone can see it, and is written once the message is processed.
 */
export function seenCache(cache: HostCache): HostCache {
  return {
    get: (key) => {
      const mark = sightingOf(key)?.mark;
      return mark ? Promise.resolve(mark.value) : cache.get(key);
    },
    has: (key) => (sightingOf(key)?.mark ? Promise.resolve(true) : cache.has(key)),
    set: (key, value, ttl) => {
      const write = () => cache.set(key, value, ttl);
      const sighting = sightingOf(key);
      if (!sighting) return write();
      sighting.mark = { value, write };
      return Promise.resolve();
    },
    hGet: (key, field) => cache.hGet(key, field),
    hSet: (key, field, value) => cache.hSet(key, field, value),
    keys: (criteria) => cache.keys(criteria),
    delete: (key) => cache.delete(key),
    hDelete: (key, field) => cache.hDelete(key, field),
    deleteAll: (criteria) => cache.deleteAll(criteria),
  };
}

function sightingOf(key: string): Sighting | undefined {
  const sighting = Sighting.current();
  return sighting?.inbound.key === key ? sighting : undefined;
}
