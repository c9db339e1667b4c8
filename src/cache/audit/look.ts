import { inBatches } from '../../core/in-batches';
import type { AuditedInstance, HostAuditRows } from '../../stores/host-audit-rows';
import { readKey, sessionKey, type CacheKey } from './cache-key';
import { differingSettings } from './chatwoot-settings';
import type { Finding } from './finding';
import { judgeInstance, type AuditPlaces } from './judge-instance';
import { judgeChatwoot, judgeDraft, judgeSession, judgeTtl, type KnownInstances } from './judge-keys';
import type { CacheReader } from './read-cache';

export interface LookOptions {
  reader: CacheReader;
  rows: HostAuditRows;
  /** CACHE_REDIS_PREFIX_KEY */
  prefix: string;
  /** DATABASE_CONNECTION_CLIENT_NAME */
  clientName: string;
  places: AuditPlaces;
  /** Whether writes for the session of an id or a name wait on the disk of the host, until they can be made. */
  isWaiting: (owner: string) => Promise<boolean>;
}

/** Folders looked for at a time. */
const WINDOW = 100;

/**
 * What is wrong with keys, as they are now. The database is asked after Redis: the host makes the row of an instance before
 * anything of it is in Redis, so what then has none has lost it.
 */
export async function lookAtKeys(options: LookOptions, keys: readonly string[]): Promise<Finding[]> {
  const read = keys.map((key) => readKey(options.prefix, key));
  return (await Promise.all([sessions(options, read), chatwoot(options, read), passing(options, read)])).flat();
}

/** What is wrong with the sessions of instances, as their rows were when they were read. */
export async function lookAtInstances(
  { reader, prefix, places, isWaiting }: LookOptions,
  instances: readonly AuditedInstance[],
): Promise<Finding[]> {
  const hashes = await reader.hashes(instances.map(({ id }) => sessionKey(prefix, id)));
  const waiting = await inBatches(instances, WINDOW, ({ id }) => isWaiting(id));
  return instances.flatMap((instance, at) => {
    const hash = hashes[at];
    return hash ? judgeInstance(instance, { ...hash, isWaiting: waiting[at] === true }, places, prefix) : [];
  });
}

async function sessions({ reader, rows, isWaiting }: LookOptions, keys: readonly CacheKey[]): Promise<Finding[]> {
  const own = keys.filter((key) => key.of === 'session' || key.of === 'draft');
  const owners = own.map(({ owner }) => owner);
  const known = await knownOf(rows, owners, owners);
  const suspects = own.filter((key) => key.of === 'draft' || !known.ids.has(key.owner));
  const facts = await reader.facts(suspects.map(({ key }) => key));
  const waiting = await inBatches(suspects, WINDOW, (key) => isWaiting(key.owner));
  return suspects.flatMap((key, at) => {
    const fact = facts[at];
    if (!fact || fact.ttl === NOT_THERE || waiting[at] === true) return [];
    return (key.of === 'session' ? judgeSession(key, fact, known) : judgeDraft(key, fact)) ?? [];
  });
}

async function chatwoot({ reader, rows }: LookOptions, keys: readonly CacheKey[]): Promise<Finding[]> {
  const own = keys.filter((key) => key.of === 'chatwoot');
  if (own.length === 0) return [];
  const ttls = await reader.ttls(own.map(({ key }) => key));
  const settings = own.filter(({ isSettings }) => isSettings);
  const texts = await reader.texts(settings.map(({ key }) => key));
  const stored =
    settings.length > 0 ? await rows.chatwoot(settings.map(({ owner }) => owner)) : new Map<string, never>();
  const known = await knownOf(
    rows,
    [],
    own.map(({ owner }) => owner),
  );
  const differing = new Map(
    settings.map(({ key, owner }, at) => {
      const text = texts[at];
      return [key, text === undefined ? [] : differingSettings(text, stored.get(owner))];
    }),
  );
  return own.flatMap((key, at) => {
    const ttl = ttls[at] ?? NOT_THERE;
    if (ttl === NOT_THERE) return [];
    return judgeChatwoot(key, known, differing.get(key.key) ?? []) ?? judgeTtl(key, ttl) ?? [];
  });
}

async function passing({ reader }: LookOptions, keys: readonly CacheKey[]): Promise<Finding[]> {
  const own = keys.filter((key) => key.of === 'passing');
  const ttls = await reader.ttls(own.map(({ key }) => key));
  return own.flatMap((key, at) => judgeTtl(key, ttls[at] ?? NOT_THERE) ?? []);
}

/** What TTL says of a key that has gone. */
const NOT_THERE = -2;

async function knownOf(rows: HostAuditRows, ids: readonly string[], names: readonly string[]): Promise<KnownInstances> {
  const found = ids.length + names.length > 0 ? await rows.find(ids, names) : [];
  return { ids: new Set(found.map(({ id }) => id)), byName: new Map(found.map(({ id, name }) => [name, id])) };
}
