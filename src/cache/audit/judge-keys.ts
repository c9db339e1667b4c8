import type { CacheKey } from './cache-key';
import type { Finding } from './finding';

const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;

/** What Redis says of a key without counting that as use. */
export interface KeyFacts {
  /** Seconds to live; -1: it stays for ever; -2: it is not there. */
  ttl: number;
  /** Seconds since anybody has read or written it; undefined where the server does not count them. */
  idleSeconds: number | undefined;
}

/** The instances that are there, by the database. */
export interface KnownInstances {
  ids: ReadonlySet<string>;
  /** Ids by name. */
  byName: ReadonlyMap<string, string>;
}

/**
 * A hash of a session that is nobody's. Two installations may share a Redis and a prefix, and each knows its own instances
 * alone: what was used within a day stays.
 */
export function judgeSession(
  { key, module, owner }: CacheKey & { of: 'session' },
  { idleSeconds }: KeyFacts,
  { ids, byName }: KnownInstances,
): Finding | undefined {
  if (ids.has(owner)) return undefined;
  const id = byName.get(owner);
  const whose =
    id === undefined
      ? 'No instance has this id.'
      : `It is under the name of an instance, where nothing reads it: that one has the id ${id}.`;
  const finding = { kind: 'orphan', cause: id === undefined ? 'no-instance' : 'under-a-name', key, module } as const;
  if (idleSeconds === undefined)
    return { ...finding, why: `${whose} When it was last used is not known, as the server does not count that.` };
  const why = `${whose} Last used ${age(idleSeconds)} ago`;
  if (idleSeconds < DAY_S) return { ...finding, why: `${why}: another installation may use this Redis, too.` };
  return { ...finding, why: `${why}.`, fix: 'delete' };
}

/** What was written beside a hash by somebody who did not come to an end. */
export function judgeDraft({ key, module }: CacheKey, { idleSeconds }: KeyFacts): Finding | undefined {
  if (idleSeconds !== undefined && idleSeconds < HOUR_S) return undefined; // it may be under way
  const why = 'A restore of these credentials was interrupted.';
  const finding = { kind: 'orphan', cause: 'interrupted-restore', key, module, why } as const;
  return idleSeconds === undefined ? finding : { ...finding, fix: 'delete' };
}

/**
 * What Chatwoot's module keeps of an instance.
 *
 * @param differing names of settings that are other ones in the database; for keys that hold settings.
 */
export function judgeChatwoot(
  { key, module, owner }: CacheKey & { of: 'chatwoot' },
  { byName }: KnownInstances,
  differing: readonly string[],
): Finding | undefined {
  if (!byName.has(owner))
    return { kind: 'orphan', cause: 'no-instance', key, module, why: 'No instance has this name.', fix: 'delete' };
  if (differing.length === 0) return undefined;
  const why = `The settings of Chatwoot are other ones in the database: ${differing.join(', ')}.`;
  return { kind: 'stale', cause: 'settings-differ', key, module, why, fix: 'delete' };
}

/** A key that the host always gives a time to live. @param ttl as Redis gives it: -1 for none. */
export function judgeTtl({ key, module }: CacheKey, ttl: number): Finding | undefined {
  if (ttl !== -1) return undefined;
  const why = 'It has no time to live, which the host gives to every key of this kind: it would stay for ever.';
  return { kind: 'stale', cause: 'stays-for-ever', key, module, why, fix: 'expire' };
}

function age(seconds: number): string {
  if (seconds < 2 * HOUR_S) return `${Math.round(seconds / 60)} minutes`;
  return seconds < 2 * DAY_S ? `${Math.round(seconds / HOUR_S)} hours` : `${Math.round(seconds / DAY_S)} days`;
}
