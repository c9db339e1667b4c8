import { CREDS } from '../stores/credentials/key-place';
import { deleteEach } from './delete-each';
import { FieldOrder } from './field-order';
import type { HostCache } from './host-cache';
import type { UnreadCredentials } from './waiting/unread-credentials';
import type { WaitingCredentials } from './waiting/waiting-credentials';

export interface CredentialCacheOptions {
  cache: HostCache;
  waiting: WaitingCredentials;
  unread: UnreadCredentials;
}

/** A call may have to write to the disk when Redis has let it wait, behind those of all other instances: so Redis gets less. */
export const redisLimitMs = (timeoutMs: number) => timeoutMs - Math.min(timeoutMs * 0.4, 800);

/**
 * The host's cache `instance`: hashes with the credentials of a session. What Redis does not take waits on the disk, and is
 * read from there meanwhile. Writes of one field go one after the other, so that one that fails cannot come after a newer one.
 */
export class CredentialCache implements HostCache {
  private readonly order = new FieldOrder();

  constructor(private readonly options: CredentialCacheOptions) {}

  get(key: string): Promise<unknown> {
    return this.options.cache.get(key);
  }

  set(key: string, value: unknown, ttl?: number): Promise<void> {
    return this.options.cache.set(key, value, ttl);
  }

  has(key: string): Promise<boolean | undefined> {
    return this.options.cache.has(key);
  }

  keys(appendCriteria?: string): Promise<string[] | undefined> {
    return this.options.cache.keys(appendCriteria);
  }

  deleteAll(appendCriteria?: string): Promise<number | undefined> {
    return this.options.cache.deleteAll(appendCriteria);
  }

  async hGet(key: string, field: string): Promise<unknown> {
    const { cache, waiting, unread } = this.options;
    try {
      const held = waiting.get(key, field);
      const value = held ? held.value : await cache.hGet(key, field);
      if (field === CREDS) unread.wasRead(key);
      return value;
    } catch (error) {
      if (field === CREDS) unread.wasNotRead(key);
      throw error;
    }
  }

  hSet(key: string, field: string, value: unknown): Promise<void> {
    const { cache, waiting, unread } = this.options;
    return this.order.after(key, field, async () => {
      const refusal = unread.refusal(key);
      if (refusal) throw refusal;
      if (typeof value !== 'string') return cache.hSet(key, field, value); // nothing of the host's
      if (waiting.isWaiting(key)) return waiting.put(key, field, value);
      return cache.hSet(key, field, value).catch(() => waiting.put(key, field, value));
    });
  }

  hDelete(key: string, field: string): Promise<number | undefined> {
    const { cache, waiting, unread } = this.options;
    const later = () => waiting.put(key, field, null).then(() => undefined);
    return this.order.after(key, field, async () => {
      const refusal = unread.refusal(key);
      if (refusal) throw refusal;
      return waiting.isWaiting(key) ? later() : cache.hDelete(key, field).catch(later);
    });
  }

  delete(key: string | string[]): Promise<number | undefined> {
    return deleteEach(key, (each) => this.deleteOne(each));
  }

  private deleteOne(key: string): Promise<number | undefined> {
    const { cache, waiting, unread } = this.options;
    const later = () => waiting.removeAll(key).then(() => undefined);
    return this.order.after(key, '', async () => {
      const deleted = await (waiting.isWaiting(key) ? later() : cache.delete(key).catch(later));
      // There is nothing left that could be overwritten.
      unread.wasRead(key);
      return deleted;
    });
  }
}
