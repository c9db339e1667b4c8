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
const TIMED_EVERY = 16;

/**
 * Answers as the host expects it of its own engine, which never fails: `undefined` where something did not work. Unlike the
 * host's own it counts that.
 */
export class TolerantCache implements HostCache {
  private calls = 0;
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
    return this.timed(this.options.cache.get(key)).then(this.readValue, this.unread);
  }

  hGet(key: string, field: string): Promise<unknown> {
    return this.timed(this.options.cache.hGet(key, field)).then(this.readValue, this.unread);
  }

  has(key: string): Promise<boolean | undefined> {
    return this.timed(this.options.cache.has(key)).then(this.looked, this.unread);
  }

  keys(appendCriteria?: string): Promise<string[] | undefined> {
    return this.timed(this.options.cache.keys(appendCriteria)).then(this.listed, this.unread);
  }

  set(key: string, value: unknown, ttl?: number): Promise<void> {
    return this.timed(this.options.cache.set(key, value, ttl)).then(this.stored, this.unwritten);
  }

  hSet(key: string, field: string, value: unknown): Promise<void> {
    return this.timed(this.options.cache.hSet(key, field, value)).then(this.stored, this.unwritten);
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

  private write<T>(answer: Promise<T>): Promise<T | undefined> {
    return this.timed(answer).then(this.written, this.unwritten);
  }

  // One function each for all calls: those that were made for each would cost more than what they do.
  private readonly readValue = <T>(value: T): T => this.readAs(value, value !== null && value !== undefined);
  private readonly looked = (there: boolean | undefined) => this.readAs(there, there === true);
  private readonly listed = (names: string[] | undefined) => this.readAs(names, (names?.length ?? 0) > 0);

  private readAs<T>(value: T, isHit: boolean): T {
    this.reads[isHit ? 'hit' : 'miss'].inc();
    return value;
  }

  private readonly unread = (error: unknown): undefined => {
    this.reads.unknown.inc();
    this.failed(error);
  };

  private readonly stored = (): void => this.writes.done.inc();

  private readonly written = <T>(value: T): T => {
    this.writes.done.inc();
    return value;
  };

  private readonly unwritten = (error: unknown): undefined => {
    this.writes.failed.inc();
    this.failed(error);
  };

  /** To read the clock twice takes longer than all else that is done here, so only some calls are timed. */
  private timed<T>(answer: Promise<T>): Promise<T> {
    this.calls = (this.calls + 1) % TIMED_EVERY;
    if (this.calls === 0) {
      const from = this.options.clock.monotonic();
      const end = () => this.seconds.observe((this.options.clock.monotonic() - from) / 1000);
      answer.then(end, end);
    }
    return answer;
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
