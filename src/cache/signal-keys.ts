import type { BypassedKeys } from '../stores/credentials/bypassed-keys';
import { CREDS } from '../stores/credentials/key-place';
import { deleteEach } from './delete-each';
import { FieldOrder } from './field-order';
import type { HostCache } from './host-cache';
import type { FieldCache } from './signal-key-files';
import type { SignalKeyMoves } from './signal-key-moves';

export interface SignalKeysOptions {
  /** Has creds, and all that is no field. */
  credentials: HostCache;
  /** Has the other fields: the same, or files. */
  keys: FieldCache;
  files: BypassedKeys;
  moves: Pick<SignalKeyMoves, 'settle'>;
}

/** Instances known to be settled; beyond that they are looked at again. */
const KNOWN = 10_000;

/**
 * The host's cache `instance`, with signal keys where GUARD_CACHE_BYPASS wants them. Before the first key of an instance is
 * touched in this process, its keys are brought there; calls that come meanwhile wait for that, and fail where it fails. The
 * next one tries again.
 */
export class SignalKeys implements HostCache {
  private readonly order = new FieldOrder();
  private readonly settled = new Set<string>();
  private readonly settling = new Map<string, Promise<void>>();

  constructor(private readonly options: SignalKeysOptions) {}

  get(key: string): Promise<unknown> {
    return this.options.credentials.get(key);
  }

  set(key: string, value: unknown, ttl?: number): Promise<void> {
    return this.options.credentials.set(key, value, ttl);
  }

  has(key: string): Promise<boolean | undefined> {
    return this.options.credentials.has(key);
  }

  keys(appendCriteria?: string): Promise<string[] | undefined> {
    return this.options.credentials.keys(appendCriteria);
  }

  deleteAll(appendCriteria?: string): Promise<number | undefined> {
    return this.options.credentials.deleteAll(appendCriteria);
  }

  hGet(key: string, field: string): Promise<unknown> {
    return this.at(key, field, (cache) => cache.hGet(key, field));
  }

  hSet(key: string, field: string, value: unknown): Promise<void> {
    return this.at(key, field, (cache) => cache.hSet(key, field, value));
  }

  hDelete(key: string, field: string): Promise<number | undefined> {
    return this.at(key, field, (cache) => cache.hDelete(key, field));
  }

  /** Keys may still be in files, whatever is wanted. */
  delete(key: string | string[]): Promise<number | undefined> {
    const { credentials, files } = this.options;
    return deleteEach(key, (each) =>
      this.order.after(each, '', async () => {
        const deleted = await credentials.delete(each);
        await files.remove(each);
        this.settled.delete(each);
        return deleted;
      }),
    );
  }

  private at<T>(key: string, field: string, work: (cache: FieldCache) => Promise<T>): Promise<T> {
    const { credentials, keys } = this.options;
    if (field === CREDS) return this.order.after(key, field, () => work(credentials));
    // Before the field takes its place in the order: it waits for this, and this for all that is before it.
    const ready = this.ready(key);
    return this.order.after(key, field, async () => {
      await ready;
      return work(keys);
    });
  }

  private ready(key: string): Promise<void> | undefined {
    if (this.settled.has(key)) return undefined;
    const known = this.settling.get(key);
    if (known) return known;
    const settling = this.order.after(key, '', async () => {
      await this.options.moves.settle(key);
      if (this.settled.size >= KNOWN) this.settled.clear();
      this.settled.add(key);
    });
    this.settling.set(key, settling);
    const end = () => this.settling.delete(key);
    settling.then(end, end);
    return settling;
  }
}
