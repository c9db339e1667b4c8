import { join } from 'node:path';
import { listed } from '../../core/cache-settings';
import { systemClock } from '../../core/clock';
import type { Log } from '../../core/log';
import { readRedisPlace, type RedisPlace } from '../../core/redis-place';
import type { Environment } from '../../core/settings';
import { openRedis } from '../redis/open-redis';
import type { RedisLink } from '../redis/redis-link';
import { chooseCredentialStore, type CredentialChoice, type CredentialSettings } from './choose';
import { BypassedKeys } from './bypassed-keys';
import { KeyFiles } from './key-files';
import { KeyHashes } from './key-hashes';
import { RedisOrFiles } from './redis-or-files';
import type { SessionRows } from './stores';

/** As the host has it. */
const PREFIX = 'evolution-cache';
/** Beyond this a Redis counts as away. */
const LIMIT_MS = 5_000;

export interface CredentialsOptions {
  /** The host's. */
  environment: Environment;
  /** The folder that the host runs in. */
  hostDir: string;
  rows: SessionRows;
  log: Log;
}

/** Finds out where the host keeps credentials, by its own variables. Opens no connection before the first call. */
export function openCredentials({ environment, hostDir, rows, log }: CredentialsOptions): {
  choice: CredentialChoice;
  stop: () => void;
} {
  const { GUARD_CACHE_REDIS_URI, CACHE_REDIS_URI, CACHE_REDIS_PREFIX_KEY } = environment;
  const [place, prefix] = [
    readRedisPlace(GUARD_CACHE_REDIS_URI || CACHE_REDIS_URI || ''),
    CACHE_REDIS_PREFIX_KEY || PREFIX,
  ];
  const instancesDir = join(hostDir, 'instances');
  let link: RedisLink | undefined;
  const open = (at: RedisPlace) =>
    openRedis({ place: at, prefix, limitMs: LIMIT_MS, clock: systemClock, random: Math.random, log });
  const hashes = place && new KeyHashes({ link: () => (link ??= open(place)), prefix, instancesDir });
  const inFiles = keepsKeysInFiles(environment);
  return {
    choice: chooseCredentialStore(readCredentialSettings(environment), {
      hashes: hashes && new RedisOrFiles({ hashes, files: new BypassedKeys(instancesDir), inFiles }),
      files: new KeyFiles(instancesDir),
      rows,
    }),
    stop: () => link?.stop(),
  };
}

export function readCredentialSettings(environment: Environment): CredentialSettings {
  const isOn = (name: string) => environment[name] === 'true';
  return {
    usesProvider: isOn('PROVIDER_ENABLED'),
    redisEnabled: isOn('CACHE_REDIS_ENABLED'),
    saveInRedis: isOn('CACHE_REDIS_SAVE_INSTANCES'),
    saveInDatabase: isOn('DATABASE_SAVE_DATA_INSTANCE'),
  };
}

/** Without this plugin, or with GUARD_CACHE=false, it is the host's own cache, which bypasses nothing. */
function keepsKeysInFiles({ GUARD_ENABLED, GUARD_CACHE, GUARD_CACHE_BYPASS }: Environment): boolean {
  const isOn = GUARD_ENABLED?.trim() === 'true' && GUARD_CACHE?.trim() !== 'false';
  return isOn && listed(GUARD_CACHE_BYPASS ?? '').includes('signal-keys');
}
