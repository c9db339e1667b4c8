import { z } from 'zod';
import { isEncrypted, seal, unseal } from '../core/sealing';
import type { InstanceStore } from '../stores/instance-store';
import type { Credentials } from '../stores/credentials';

/** What is sealed: creds and keys as the host writes them. */
const content = z.object({ creds: z.string(), keys: z.record(z.string(), z.string()) });

export interface ArchiveOptions {
  store: Pick<InstanceStore, 'archive' | 'readArchive'>;
  /** 32 bytes; absent: not encrypted. */
  key: Buffer | undefined;
}

/** Credentials that were set aside, each sealed for its instance: one that is moved to another row does not open. */
export class Archive {
  constructor(private readonly options: ArchiveOptions) {}

  /** A repeat with the same id changes nothing. */
  async save(
    id: string,
    instance: { instanceId: string; name: string },
    reason: string,
    { creds, keys }: Credentials,
  ): Promise<void> {
    const { store, key } = this.options;
    const text = JSON.stringify({ creds, keys: Object.fromEntries(keys) });
    const sealed = await seal(key, purposeOf(instance.instanceId), Buffer.from(text));
    await store.archive({ id, ...instance, reason, isEncrypted: isEncrypted(sealed) }, sealed);
  }

  /** @returns nothing where there is no such archive. @throws GuardError GUARD_SEAL_FOREIGN, GUARD_SEAL_KEY */
  async read(id: string): Promise<Credentials | undefined> {
    const found = await this.options.store.readArchive(id);
    if (!found) return undefined;
    const opened = await unseal(this.options.key, purposeOf(found.record.instanceId), found.body);
    const { creds, keys } = content.parse(JSON.parse(opened.toString('utf8')));
    return { creds, keys: new Map(Object.entries(keys)) };
  }
}

const purposeOf = (instanceId: string) => `credentials of ${instanceId}`;
