import Redis, { ReplyError } from 'ioredis';
import { GuardError } from '../../src/core/errors';
import { readPrimary } from '../../src/stores/redis/read-info';
import type { RedisLink } from '../../src/stores/redis/redis-link';

const SCAN_COUNT = 500;

/** The way to a Redis that is the primary, and stays it. */
export function plainRedisLink(url: string): RedisLink {
  const client = new Redis(url, { maxRetriesPerRequest: 0 });
  const address = new URL(url).host;
  return {
    async run([name, ...args]) {
      try {
        return await client.call(name, ...args);
      } catch (error) {
        const code = error instanceof ReplyError ? 'GUARD_CACHE_REFUSED' : 'GUARD_CACHE_AWAY';
        throw new GuardError(code, String(error), { cause: error });
      }
    },
    async *scan(pattern) {
      for await (const keys of client.scanStream({ match: pattern, count: SCAN_COUNT })) yield keys as string[];
    },
    async primaries() {
      const [info, [, save]] = [await client.info(), (await client.config('GET', 'save')) as string[]];
      return [readPrimary(address, info, save)];
    },
    state: () => ({ isUp: client.status === 'ready', addresses: [address], warnings: [], connects: 1 }),
    onChange: () => () => undefined,
    stop: () => client.disconnect(),
  };
}
