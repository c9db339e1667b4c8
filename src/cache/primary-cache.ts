import { z } from 'zod';
import { describe, GuardError } from '../core/errors';
import type { RedisCommand, RedisLink } from '../stores/redis/redis-link';
import { literal } from '../stores/redis/scan-all';
import { replacer, reviver } from './buffer-json';
import type { HostCache } from './host-cache';

export interface PrimaryCacheOptions {
  link: Pick<RedisLink, 'run' | 'scan'>;
  /** CACHE_REDIS_PREFIX_KEY */
  prefix: string;
  /** The host's name for what is kept: instance, baileys, groups, ... */
  module: string;
  /** CACHE_REDIS_TTL, in seconds. */
  ttlSeconds: number;
  /** Replicas that must have a write before it counts. */
  replicas?: number;
}

const text = z.string().nullable();
const count = z.number();

/** What is as it should be is not parsed: this is the busiest place of all. */
const asText = (reply: unknown) => (typeof reply === 'string' ? reply : text.parse(reply));
const asCount = (reply: unknown) => (typeof reply === 'number' ? reply : count.parse(reply));

/** Keys that are deleted at a time. */
const BATCH = 500;

/**
 * The host's cache on a Redis primary, byte for byte as the host writes it: keys `<prefix>:<module>:<key>`, values as JSON,
 * in hashes with Baileys' way to write bytes. Unlike the host's own it tells of every failure.
 *
 * @throws GuardError from every method: GUARD_CACHE_AWAY, GUARD_CACHE_LATE, GUARD_CACHE_REFUSED, GUARD_CACHE_MALFORMED,
 *   and GUARD_CACHE_DELETE from those that delete.
 */
export class PrimaryCache implements HostCache {
  private readonly before: string;

  constructor(private readonly options: PrimaryCacheOptions) {
    this.before = `${options.prefix}:${options.module}:`;
  }

  async get(key: string): Promise<unknown> {
    const json = asText(await this.run(['GET', this.nameOf(key)]));
    return json === null ? null : this.decode(json, key);
  }

  async hGet(key: string, field: string): Promise<unknown> {
    const json = asText(await this.run(['HGET', this.nameOf(key), field]));
    return json ? this.decode(json, `${key} ${field}`, reviver) : null;
  }

  async set(key: string, value: unknown, ttl?: number): Promise<void> {
    await this.write(['SETEX', this.nameOf(key), ttl || this.options.ttlSeconds, this.encode(value, key)]);
  }

  async hSet(key: string, field: string, value: unknown): Promise<void> {
    await this.write(['HSET', this.nameOf(key), field, this.encode(value, `${key} ${field}`, replacer)]);
  }

  async has(key: string): Promise<boolean> {
    return asCount(await this.run(['EXISTS', this.nameOf(key)])) > 0;
  }

  async keys(appendCriteria?: string): Promise<string[]> {
    const names = new Set<string>();
    for await (const batch of this.scan(appendCriteria)) for (const name of batch) names.add(name);
    return [...names];
  }

  async delete(key: string | string[]): Promise<number> {
    return this.unlink([key].flat().map((each) => this.nameOf(each)));
  }

  /** Whether there was such a field is what a primary itself says; there is nothing to look at twice. */
  async hDelete(key: string, field: string): Promise<number> {
    return asCount(await this.write(['HDEL', this.nameOf(key), field]));
  }

  async deleteAll(appendCriteria?: string): Promise<number> {
    let deleted = 0;
    for await (const names of this.scan(appendCriteria)) deleted += await this.unlink(names);
    return deleted;
  }

  private scan(appendCriteria?: string): AsyncIterable<string[]> {
    return this.options.link.scan(`${literal(this.before)}${appendCriteria ? `${literal(appendCriteria)}:` : ''}*`);
  }

  private async unlink(names: string[]): Promise<number> {
    let deleted = 0;
    for (let at = 0; at < names.length; at += BATCH) {
      const counts = await Promise.all(names.slice(at, at + BATCH).map((name) => this.unlinkOne(name)));
      deleted += counts.reduce((sum, each) => sum + each, 0);
    }
    return deleted;
  }

  /** One at a time, since the keys of a Cluster lie on several servers; they are sent together all the same. */
  private async unlinkOne(name: string): Promise<number> {
    const deleted = asCount(await this.write(['UNLINK', name]));
    if (deleted > 0 || asCount(await this.run(['EXISTS', name])) === 0) return deleted;
    // It may have been made in between, by somebody else.
    const again = asCount(await this.write(['UNLINK', name]));
    if (again > 0 || asCount(await this.run(['EXISTS', name])) === 0) return again;
    throw new GuardError('GUARD_CACHE_DELETE', `${name} is there after it was deleted twice.`);
  }

  private run(command: RedisCommand): Promise<unknown> {
    return this.options.link.run(command);
  }

  private write(command: RedisCommand): Promise<unknown> {
    return this.options.link.run(command, this.options.replicas);
  }

  private nameOf(key: string): string {
    return this.before + key;
  }

  private encode(value: unknown, what: string, as?: typeof replacer): string {
    const malformed = (words: string) => new GuardError('GUARD_CACHE_MALFORMED', `${this.nameOf(what)}: ${words}.`);
    let json: string | undefined;
    try {
      json = JSON.stringify(value, as);
    } catch (error) {
      throw malformed(describe(error));
    }
    if (json === undefined) throw malformed('there is no value');
    return json;
  }

  private decode(json: string, what: string, as?: typeof reviver): unknown {
    try {
      return JSON.parse(json, as);
    } catch {
      // The parser's own words have a part of the value in them, which may be a secret.
      throw new GuardError('GUARD_CACHE_MALFORMED', `${this.nameOf(what)}: it is no JSON.`);
    }
  }
}
