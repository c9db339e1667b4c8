import { GuardError } from '../../core/errors';
import { inBatches } from '../../core/in-batches';
import type { RedisLink } from '../../stores/redis/redis-link';
import type { HashFacts } from './judge-instance';
import type { KeyFacts } from './judge-keys';
import { ownerOf } from './owner-of-credentials';

/** Keys asked about at a time: commands go out without waiting for each other's answers, and Redis has others to serve. */
const WINDOW = 500;

/** What a batch of keys is asked for. */
export class CacheReader {
  constructor(private readonly link: Pick<RedisLink, 'run'>) {}

  async ttls(keys: readonly string[]): Promise<number[]> {
    return inBatches(keys, WINDOW, async (key) => Number(await this.link.run(['TTL', key])));
  }

  /** Does not count as use of the key. */
  async facts(keys: readonly string[]): Promise<KeyFacts[]> {
    return inBatches(keys, WINDOW, async (key) => {
      const [ttl, idleSeconds] = await Promise.all([this.link.run(['TTL', key]), this.idleSeconds(key)]);
      return { ttl: Number(ttl), idleSeconds };
    });
  }

  async texts(keys: readonly string[]): Promise<(string | undefined)[]> {
    return inBatches(keys, WINDOW, async (key) => {
      const text = await this.link.run(['GET', key]);
      return typeof text === 'string' ? text : undefined;
    });
  }

  async hashes(keys: readonly string[]): Promise<HashFacts[]> {
    return inBatches(keys, WINDOW, async (key) => {
      const commands = [
        ['HLEN', key],
        ['HGET', key, 'creds'],
        ['TTL', key],
      ] as const;
      const [fields, creds, ttl] = await Promise.all(commands.map((command) => this.link.run(command)));
      return {
        fields: Number(fields),
        creds: typeof creds === 'string' ? ownerOf(creds) : undefined,
        ttl: Number(ttl),
      };
    });
  }

  private async idleSeconds(key: string): Promise<number | undefined> {
    try {
      const seconds = await this.link.run(['OBJECT', 'IDLETIME', key]);
      return typeof seconds === 'number' ? seconds : undefined;
    } catch (error) {
      if (error instanceof GuardError && error.code === 'GUARD_CACHE_REFUSED') return undefined; // it counts frequencies (LFU)
      throw error;
    }
  }
}
