import type { Bypass } from '../core/cache-settings';
import type { CredentialSettings } from '../stores/credentials/choose';
import { SAVE_POINTS } from '../stores/redis/read-info';
import type { RedisPrimary, RedisReplica } from '../stores/redis/redis-link';

/** What a Redis holds of sessions that is nowhere else: lost, an instance has to be paired anew, or cannot read messages. */
export type HeldAlone = 'credentials' | 'signal keys' | 'nothing';

export interface ServerExpectations {
  held: HeldAlone;
  /** GUARD_CACHE_LAG_SECONDS */
  lagSeconds: number;
}

/** What an operator would rather know of a primary and its replicas before it does harm: sentences, none where all is well. */
export function judgeServer({ info, replicas }: RedisPrimary, { held, lagSeconds }: ServerExpectations): string[] {
  return [
    ...(held === 'nothing' ? [] : [...judgeMemory(info, held), ...judgePersistence(info, held)]),
    ...judgeEvictions(info),
    ...replicas.flatMap((replica) => judgeReplica(replica, lagSeconds)),
  ];
}

/** Credentials have no time to live, so that volatile-* never takes them. */
function judgeMemory(info: RedisPrimary['info'], held: HeldAlone): string[] {
  const policy = info.get('maxmemory_policy') ?? '';
  if (!policy.startsWith('allkeys-') || isZero(info, 'maxmemory')) return [];
  return [`maxmemory-policy is ${policy}, which may take ${held}: set it to volatile-lru or noeviction.`];
}

function judgePersistence(info: RedisPrimary['info'], held: HeldAlone): string[] {
  const warnings: string[] = [];
  if (info.get(SAVE_POINTS) === '' && info.get('aof_enabled') === '0')
    warnings.push(`Nothing is written to disk, and ${held} are nowhere else: set appendonly yes, or save points.`);
  if (info.get('aof_enabled') === '1' && info.get('aof_last_write_status') === 'err')
    warnings.push('The last write of the append-only file failed: look at the disk and the log of Redis.');
  if (info.get(SAVE_POINTS) !== '' && info.get('rdb_last_bgsave_status') === 'err')
    warnings.push(
      'The last save to disk failed, and Redis may refuse writes by that: look at the disk and the log of Redis.',
    );
  return warnings;
}

function judgeEvictions(info: RedisPrimary['info']): string[] {
  const evicted = Number(info.get('evicted_keys') ?? 0);
  if (evicted === 0) return [];
  return [`${evicted} keys were evicted since the server started: raise maxmemory, or find what fills it.`];
}

function judgeReplica({ address, isOnline, lagSeconds: lag }: RedisReplica, limit: number): string[] {
  if (!isOnline) return [`Replica ${address} is not online: it is being copied to, or it cannot be.`];
  if (lag <= limit) return [];
  return [`Replica ${address} lags ${lag} s behind: look at its load and at the network.`];
}

const isZero = (info: RedisPrimary['info'], name: string) => info.get(name) === '0';

/** By the host's own settings and ours, what only Redis has. */
export function heldAlone(
  { redisEnabled, usesProvider, saveInRedis, saveInDatabase }: CredentialSettings,
  bypass: readonly Bypass[],
): HeldAlone {
  if (!redisEnabled || usesProvider) return 'nothing';
  if (saveInRedis) return 'credentials';
  return saveInDatabase && !bypass.includes('signal-keys') ? 'signal keys' : 'nothing';
}
