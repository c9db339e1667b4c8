import type { BypassedKeys } from '../stores/credentials/bypassed-keys';
import type { HostCache } from './host-cache';
import type { UnreadCredentials } from './waiting/unread-credentials';

export type FieldCache = Pick<HostCache, 'hGet' | 'hSet' | 'hDelete'>;

/**
 * Signal keys kept out of Redis. Values are JSON texts, as the host gives them.
 *
 * @throws GuardError GUARD_CREDENTIALS_PLACE, and GUARD_CREDENTIALS_UNREAD from writes.
 */
export class SignalKeyFiles implements FieldCache {
  constructor(
    private readonly files: BypassedKeys,
    private readonly unread: UnreadCredentials,
  ) {}

  hGet(key: string, field: string): Promise<string | null> {
    return this.files.get(key, field);
  }

  async hSet(key: string, field: string, value: unknown): Promise<void> {
    this.refuse(key);
    await this.files.set(key, field, String(value));
  }

  async hDelete(key: string, field: string): Promise<number> {
    this.refuse(key);
    return (await this.files.delete(key, field)) ? 1 : 0;
  }

  private refuse(instanceId: string): void {
    const refusal = this.unread.refusal(instanceId);
    if (refusal) throw refusal;
  }
}
