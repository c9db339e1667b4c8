import { z } from 'zod';
import { describe, GuardError } from '../../core/errors';
import type { RedisLink } from '../redis/redis-link';
import type { KeyPlace } from './key-place';
import { isWaiting, waitingFolder } from './waiting-folder';
import { unwrap, wrap } from './wrapped-text';

export interface KeyHashesOptions {
  /** Asked for at each call: it may be opened at the first. */
  link: () => Link;
  /** CACHE_REDIS_PREFIX_KEY */
  prefix: string;
  /** `<host>/instances`: in a folder there, writes wait while Redis is away. */
  instancesDir: string;
}

type Link = Pick<RedisLink, 'run'>;

/** Fields in one command: hashes have 10,000 and more, and a command must end in time. */
const BATCH = 200;

const page = z.tuple([z.string(), z.array(z.string())]);

/**
 * Keys in a hash of the host's Redis for each instance, a field for each. While writes of an instance wait on the disk,
 * its keys are left alone: those in Redis are old, and those that wait would come back over what is written.
 */
export class KeyHashes implements KeyPlace {
  readonly place: string;

  constructor(private readonly options: KeyHashesOptions) {
    this.place = `Redis, ${options.prefix}:instance:*`;
  }

  read(instanceId: string): Promise<Map<string, string>> {
    return this.attempt(instanceId, async (redis) => {
      const [name, keys] = [this.nameOf(instanceId), new Map<string, string>()];
      let cursor = '0';
      do {
        const [next, found] = page.parse(await redis.run(['HSCAN', name, cursor, 'COUNT', BATCH]));
        for (let at = 0; at + 1 < found.length; at += 2) {
          const [field, value] = found.slice(at, at + 2) as [string, string];
          keys.set(field, unwrap(value, `Field ${field} of ${name}`));
        }
        cursor = next;
      } while (cursor !== '0');
      return keys;
    });
  }

  /** Beside the hash first, then in its place at once: nobody sees half of it. */
  write(instanceId: string, keys: ReadonlyMap<string, string>): Promise<void> {
    return this.attempt(instanceId, async (redis) => {
      const name = this.nameOf(instanceId);
      if (keys.size === 0) return unlink(redis, name);
      // In braces: on the same server of a Cluster.
      const draft = `{${name}}:draft`;
      await unlink(redis, draft);
      const fields = [...keys].map(([field, text]) => [field, wrap(text)] as const);
      for (let at = 0; at < fields.length; at += BATCH) {
        await redis.run(['HSET', draft, ...fields.slice(at, at + BATCH).flat()]);
      }
      await redis.run(['RENAME', draft, name]);
    });
  }

  remove(instanceId: string): Promise<void> {
    return this.attempt(instanceId, (redis) => unlink(redis, this.nameOf(instanceId)));
  }

  private nameOf(instanceId: string): string {
    return `${this.options.prefix}:instance:${instanceId}`;
  }

  private async attempt<T>(instanceId: string, work: (redis: Link) => Promise<T>): Promise<T> {
    const { link, instancesDir } = this.options;
    try {
      if (await isWaiting(instancesDir, instanceId))
        throw new Error(
          `writes wait in ${waitingFolder(instancesDir, instanceId)} until a host with GUARD_CACHE=true is up`,
        );
      return await work(link());
    } catch (error) {
      if (error instanceof GuardError && error.code === 'GUARD_CREDENTIALS_MALFORMED') throw error;
      throw new GuardError('GUARD_CREDENTIALS_PLACE', `${this.place}: ${describe(error)}.`, { cause: error });
    }
  }
}

async function unlink(redis: Link, name: string): Promise<void> {
  await redis.run(['UNLINK', name]);
  if (Number(await redis.run(['EXISTS', name])) > 0) throw new Error(`${name} is there again after it was removed`);
}
