import Redis from 'ioredis';
import { describe, GuardError } from '../../core/errors';
import type { Log } from '../../core/log';
import type { KeyPlace } from './key-place';
import { unwrap, wrap } from './wrapped-text';

export interface KeyHashesOptions {
  /** CACHE_REDIS_URI */
  uri: string;
  /** CACHE_REDIS_PREFIX_KEY */
  prefix: string;
  log: Log;
}

/** Beyond this a Redis counts as away. */
const COMMAND_TIMEOUT_MS = 5_000;
/** Fields in one command: hashes have 10,000 and more, and a command must end in time. */
const BATCH = 200;

/**
 * Keys in a hash of the host's Redis for each instance, a field for each. Opens no connection before the first call. Only a
 * primary is asked: what a replica says may be old.
 */
export class KeyHashes implements KeyPlace {
  readonly place: string;
  private readonly client: Redis;

  constructor(private readonly options: KeyHashesOptions) {
    this.place = `Redis, ${options.prefix}:instance:*`;
    this.client = new Redis(options.uri, {
      lazyConnect: true,
      connectTimeout: COMMAND_TIMEOUT_MS,
      commandTimeout: COMMAND_TIMEOUT_MS,
      socketTimeout: 2 * COMMAND_TIMEOUT_MS,
      maxRetriesPerRequest: 0,
      retryStrategy: (times) => Math.min(times * 100, 2_000),
      connectionName: 'evolution-guard',
    });
    // Every call tells of its own failure.
    this.client.on('error', (error) => options.log.debug({ detail: describe(error) }, 'the Redis of the host is away'));
  }

  read(instanceId: string): Promise<Map<string, string>> {
    return this.onPrimary(async (client) => {
      const [name, keys] = [this.nameOf(instanceId), new Map<string, string>()];
      let cursor = '0';
      do {
        const [next, found] = await client.hscan(name, cursor, 'COUNT', BATCH);
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
    return this.onPrimary(async (client) => {
      const name = this.nameOf(instanceId);
      if (keys.size === 0) return unlink(client, name);
      const draft = `${name}:draft`;
      await unlink(client, draft);
      const fields = [...keys].map(([field, text]) => [field, wrap(text)] as const);
      for (let at = 0; at < fields.length; at += BATCH) {
        await client.hset(draft, ...fields.slice(at, at + BATCH).flat());
      }
      await client.rename(draft, name);
    });
  }

  remove(instanceId: string): Promise<void> {
    return this.onPrimary((client) => unlink(client, this.nameOf(instanceId)));
  }

  stop(): void {
    this.client.disconnect();
  }

  private nameOf(instanceId: string): string {
    return `${this.options.prefix}:instance:${instanceId}`;
  }

  private async onPrimary<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    try {
      const [role] = await this.client.role();
      if (role !== 'master') throw new Error(`CACHE_REDIS_URI leads to a ${String(role)}, not to the primary`);
      return await work(this.client);
    } catch (error) {
      if (error instanceof GuardError) throw error;
      throw new GuardError('GUARD_CREDENTIALS_PLACE', `${this.place}: ${describe(error)}.`, { cause: error });
    }
  }
}

async function unlink(client: Redis, name: string): Promise<void> {
  await client.unlink(name);
  if ((await client.exists(name)) > 0) throw new Error(`${name} is there again after it was removed`);
}
