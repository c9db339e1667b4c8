import type { HostCache } from '../../src/cache/host-cache';

/** A cache of the host: values as text, with the seconds that they were given. */
export class MemoryCache implements HostCache {
  readonly values = new Map<string, { text: string; ttl: number | undefined }>();
  readonly hashes = new Map<string, Map<string, string>>();
  /** What a write waits for; it may fail. */
  gate: (key: string) => Promise<void> = () => Promise.resolve();

  get(key: string): Promise<unknown> {
    return Promise.resolve(JSON.parse(this.values.get(key)?.text ?? 'null'));
  }

  async set(key: string, value: unknown, ttl?: number): Promise<void> {
    await this.gate(key);
    this.values.set(key, { text: JSON.stringify(value), ttl });
  }

  has(key: string): Promise<boolean> {
    return Promise.resolve(this.values.has(key));
  }

  hGet(key: string, field: string): Promise<unknown> {
    return Promise.resolve(JSON.parse(this.hashes.get(key)?.get(field) ?? 'null'));
  }

  hSet(key: string, field: string, value: unknown): Promise<void> {
    const hash = this.hashes.get(key) ?? new Map<string, string>();
    this.hashes.set(key, hash.set(field, JSON.stringify(value)));
    return Promise.resolve();
  }

  keys(criteria = ''): Promise<string[]> {
    return Promise.resolve([...this.values.keys()].filter((key) => key.startsWith(criteria)));
  }

  delete(key: string | string[]): Promise<number> {
    return Promise.resolve([key].flat().filter((each) => this.values.delete(each)).length);
  }

  hDelete(key: string, field: string): Promise<number> {
    return Promise.resolve(this.hashes.get(key)?.delete(field) ? 1 : 0);
  }

  async deleteAll(criteria?: string): Promise<number> {
    return this.delete(await this.keys(criteria));
  }
}
