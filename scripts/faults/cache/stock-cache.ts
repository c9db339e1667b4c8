import { createClient } from 'redis';
import type { HostCache } from '../../../src/cache/host-cache';
import { describe } from '../../../src/core/errors';
import { PREFIX, TTL_SECONDS } from './items';

export type RedisClient = ReturnType<typeof createClient>;

const SCAN_COUNT = 100;

/** One client for all modules, connected while nobody waits for it. */
export function connectStock(url: string, failed: (words: string) => void): RedisClient {
  const client = createClient({ url });
  client.on('error', (error) => failed(describe(error)));
  client.connect().catch((error: unknown) => failed(describe(error)));
  return client;
}

/**
 * What the host does without the plugin: whatever goes wrong is logged, and the caller is told nothing.
 *
 * @param failed told what the host would have logged.
 */
export function stockCache(client: RedisClient, module: string, failed: (words: string) => void): HostCache {
  const nameOf = (key: string) => `${PREFIX}:${module}:${key}`;
  const orNothing = <Answer>(call: Promise<Answer>): Promise<Answer | undefined> =>
    call.catch((error: unknown) => {
      failed(describe(error));
      return undefined;
    });
  const keys = async (appendCriteria?: string): Promise<string[]> => {
    const found = new Set<string>();
    const match = `${nameOf('')}${appendCriteria ? `${appendCriteria}:` : ''}*`;
    for await (const key of client.scanIterator({ MATCH: match, COUNT: SCAN_COUNT })) found.add(key);
    return [...found];
  };
  const parsed = (text: string | null | undefined): unknown => (text === null ? null : JSON.parse(text ?? ''));
  return {
    get: (key) => orNothing(client.get(nameOf(key)).then(parsed)),
    hGet: (key, field) => orNothing(client.hGet(nameOf(key), field).then((text) => parsed(text ?? null))),
    set: async (key, value, ttl) =>
      void (await orNothing(client.setEx(nameOf(key), ttl || TTL_SECONDS, JSON.stringify(value)))),
    hSet: async (key, field, value) => void (await orNothing(client.hSet(nameOf(key), field, JSON.stringify(value)))),
    has: (key) => orNothing(client.exists(nameOf(key)).then((count) => count > 0)),
    keys: (appendCriteria) => orNothing(keys(appendCriteria)),
    delete: (key) => orNothing(client.del(([] as string[]).concat(key).map(nameOf))),
    hDelete: (key, field) => orNothing(client.hDel(nameOf(key), field)),
    deleteAll: (appendCriteria) =>
      orNothing(keys(appendCriteria).then((names) => (names.length > 0 ? client.del(names) : 0))),
  };
}
