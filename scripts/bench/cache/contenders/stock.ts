import { createClient } from 'redis';
import { replacer, reviver } from '../../../../src/cache/buffer-json';
import { PREFIX, TTL_SECONDS } from '../installation';
import { cachesOf, type Caches, type Engine } from '../service';

type Client = ReturnType<typeof createClient>;

/** The host's way: one node-redis 4 for all caches, and a try around each. */
export async function startStock(redisUrl: string): Promise<Caches> {
  const client = createClient({ url: redisUrl });
  await client.connect();
  return cachesOf((module) => new StockEngine(client, `${PREFIX}:${module}:`));
}

class StockEngine implements Engine {
  constructor(
    private readonly client: Client,
    private readonly before: string,
  ) {}

  async get(key: string): Promise<unknown> {
    try {
      return JSON.parse((await this.client.get(this.before + key)) as string) as unknown;
    } catch (error) {
      return failed(error);
    }
  }

  async hGet(key: string, field: string): Promise<unknown> {
    try {
      const json = await this.client.hGet(this.before + key, field);
      return json ? (JSON.parse(json, reviver) as unknown) : null;
    } catch (error) {
      return failed(error);
    }
  }

  async set(key: string, value: unknown, ttl: number = TTL_SECONDS): Promise<void> {
    try {
      await this.client.setEx(this.before + key, ttl, JSON.stringify(value));
    } catch (error) {
      failed(error);
    }
  }

  async hSet(key: string, field: string, value: unknown): Promise<void> {
    try {
      await this.client.hSet(this.before + key, field, JSON.stringify(value, replacer));
    } catch (error) {
      failed(error);
    }
  }

  async has(key: string): Promise<boolean | undefined> {
    try {
      return (await this.client.exists(this.before + key)) > 0;
    } catch (error) {
      return failed(error);
    }
  }

  async delete(key: string): Promise<number | undefined> {
    try {
      return await this.client.del(this.before + key);
    } catch (error) {
      return failed(error);
    }
  }
}

/** The host logs it and goes on; here it would be measured instead of what was to be. */
function failed(error: unknown): never {
  throw error;
}
