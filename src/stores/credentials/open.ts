import { join } from 'node:path';
import type { Log } from '../../core/log';
import { readRedisPlace } from '../../core/redis-place';
import type { Environment } from '../../core/settings';
import { chooseCredentialStore, type CredentialChoice, type CredentialSettings } from './choose';
import { KeyFiles } from './key-files';
import { KeyHashes } from './key-hashes';
import type { SessionRows } from './stores';

/** As the host has it. */
const PREFIX = 'evolution-cache';

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
  const { GUARD_CACHE_REDIS_URI, CACHE_REDIS_URI, CACHE_REDIS_PREFIX_KEY: prefix } = environment;
  const redis = readRedisPlace(GUARD_CACHE_REDIS_URI || CACHE_REDIS_URI || '');
  const instancesDir = join(hostDir, 'instances');
  const hashes = redis ? new KeyHashes({ redis, prefix: prefix || PREFIX, instancesDir, log }) : undefined;
  const files = new KeyFiles(instancesDir);
  return {
    choice: chooseCredentialStore(readCredentialSettings(environment), { hashes, files, rows }),
    stop: () => hashes?.stop(),
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
