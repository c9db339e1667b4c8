import type { Clock } from '../core/clock';
import { describe, GuardError } from '../core/errors';
import type { Log } from '../core/log';
import type { Metrics } from '../metrics/metrics';
import type { HostCache } from './host-cache';

export interface TolerantCacheOptions {
  cache: HostCache;
  /** The host's name for what is kept. */
  module: string;
  metrics: Metrics;
  clock: Clock;
  log: Log;
}

type Read = 'hit' | 'miss' | 'unknown';

/** Told by the link once, and counted here: a line for each call would be thousands in a second. */
const QUIET = new Set<string>(['GUARD_CACHE_AWAY', 'GUARD_CACHE_LATE']);
const PAUSE_MS = 10_000;

/**
 * Answers as the host expects it of its own engine, which never fails: `undefined` where something did not work. Unlike the
 * host's own it counts that.
 */
export class TolerantCache implements HostCache {
  private readonly seconds;
  private readonly reads;
  private readonly writes;
  /** When a line of each error code was last written. */
  private readonly told = new Map<string, number>();

  constructor(private readonly options: TolerantCacheOptions) {
    const { metrics, module } = options;
    const read = (outcome: Read) => metrics.cacheReads.labels(module, outcome);
    this.reads = { hit: read('hit'), miss: read('miss'), unknown: read('unknown') };
    const write = (outcome: string) => metrics.cacheWrites.labels(module, outcome);
    this.writes = { done: write('done'), failed: write('failed') };
    this.seconds = metrics.cacheSeconds.labels(module);
  }

  get(key: string): Promise<unknown> {
    return this.read(this.options.cache.get(key), isValue);
  }

  hGet(key: string, field: string): Promise<unknown> {
    return this.read(this.options.cache.hGet(key, field), isValue);
  }

  has(key: string): Promise<boolean | undefined> {
    return this.read(this.options.cache.has(key), (there) => there === true);
  }

  keys(appendCriteria?: string): Promise<string[] | undefined> {
    return this.read(this.options.cache.keys(appendCriteria), (names) => (names?.length ?? 0) > 0);
  }

  async set(key: string, value: unknown, ttl?: number): Promise<void> {
    await this.write(this.options.cache.set(key, value, ttl));
  }

  async hSet(key: string, field: string, value: unknown): Promise<void> {
    await this.write(this.options.cache.hSet(key, field, value));
  }

  delete(key: string | string[]): Promise<number | undefined> {
    return this.write(this.options.cache.delete(key));
  }

  hDelete(key: string, field: string): Promise<number | undefined> {
    return this.write(this.options.cache.hDelete(key, field));
  }

  deleteAll(appendCriteria?: string): Promise<number | undefined> {
    return this.write(this.options.cache.deleteAll(appendCriteria));
  }

  private async read<T>(answer: Promise<T>, isHit: (value: T) => boolean): Promise<T | undefined> {
    const from = this.options.clock.monotonic();
    try {
      const value = await answer;
      this.reads[isHit(value) ? 'hit' : 'miss'].inc();
      return value;
    } catch (error) {
      this.reads.unknown.inc();
      this.failed(error);
      return undefined;
    } finally {
      this.seconds.observe((this.options.clock.monotonic() - from) / 1000);
    }
  }

  private async write<T>(answer: Promise<T>): Promise<T | undefined> {
    const from = this.options.clock.monotonic();
    try {
      const value = await answer;
      this.writes.done.inc();
      return value;
    } catch (error) {
      this.writes.failed.inc();
      this.failed(error);
      return undefined;
    } finally {
      this.seconds.observe((this.options.clock.monotonic() - from) / 1000);
    }
  }

  private failed(error: unknown): void {
    const { clock, log, module } = this.options;
    const code = error instanceof GuardError ? error.code : 'unexpected';
    if (QUIET.has(code)) return;
    const last = this.told.get(code);
    if (last !== undefined && clock.monotonic() - last < PAUSE_MS) return;
    this.told.set(code, clock.monotonic());
    log.error({ code, cache: module, detail: describe(error) }, 'a call to the cache failed');
  }
}

const isValue = (value: unknown) => value !== null && value !== undefined;
