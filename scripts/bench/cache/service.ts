import { replacer, reviver } from '../../../src/cache/buffer-json';
import type { HostCache } from '../../../src/cache/host-cache';

/** What messages need of an engine. */
export type Engine = Pick<HostCache, 'get' | 'hGet' | 'set' | 'hSet' | 'has' | 'delete'>;

/**
 * What stands between the host's code and its engines, whichever they are (CacheService): fields of hashes are JSON once
 * more, and nobody waits for `set`.
 */
export class Service {
  constructor(private readonly engine: Engine) {}

  get(key: string): Promise<unknown> {
    return this.engine.get(key);
  }

  async hGet(key: string, field: string): Promise<unknown> {
    const json = await this.engine.hGet(key, field);
    return typeof json === 'string' ? (JSON.parse(json, reviver) as unknown) : null;
  }

  set(key: string, value: unknown, ttl?: number): void {
    void this.engine.set(key, value, ttl);
  }

  async hSet(key: string, field: string, value: unknown): Promise<void> {
    await this.engine.hSet(key, field, JSON.stringify(value, replacer));
  }

  has(key: string): Promise<boolean | undefined> {
    return this.engine.has(key);
  }

  delete(key: string): Promise<number | undefined> {
    return this.engine.delete(key);
  }
}

/** The host's four caches, each with a name of its own before its keys. */
export interface Caches {
  instance: Service;
  baileys: Service;
  groups: Service;
  chatwoot: Service;
}

export function cachesOf(engineOf: (module: string) => Engine): Caches {
  const serviceOf = (module: string) => new Service(engineOf(module));
  return {
    instance: serviceOf('instance'),
    baileys: serviceOf('baileys'),
    groups: serviceOf('groups'),
    chatwoot: serviceOf('ChatwootService'),
  };
}
