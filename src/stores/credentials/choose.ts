import type { CredentialStore } from '../credentials';
import type { KeyPlace } from './key-place';
import { credentialsIn, credentialsInSession, type SessionRows } from './stores';

/** What decides in the host where credentials are (its `defineAuthState`). */
export interface CredentialSettings {
  /** PROVIDER_ENABLED */
  usesProvider: boolean;
  /** CACHE_REDIS_ENABLED */
  redisEnabled: boolean;
  /** CACHE_REDIS_SAVE_INSTANCES */
  saveInRedis: boolean;
  /** DATABASE_SAVE_DATA_INSTANCE */
  saveInDatabase: boolean;
}

export interface CredentialPlaces {
  /** Absent without CACHE_REDIS_URI. */
  hashes: KeyPlace | undefined;
  files: KeyPlace;
  rows: SessionRows;
}

/** @returns the store, or why there is none. */
export type CredentialChoice = { store: CredentialStore } | { reason: string };

export function chooseCredentialStore(
  { usesProvider, redisEnabled, saveInRedis, saveInDatabase }: CredentialSettings,
  { hashes, files, rows }: CredentialPlaces,
): CredentialChoice {
  if (usesProvider) return { reason: 'PROVIDER_ENABLED is true: another service keeps the credentials.' };
  const inRedis = redisEnabled && saveInRedis;
  if (!inRedis && !saveInDatabase)
    return { reason: 'DATABASE_SAVE_DATA_INSTANCE is not true: no credentials are kept.' };
  if (!redisEnabled) return { store: credentialsInSession(rows, files) };
  if (!hashes) return { reason: 'CACHE_REDIS_ENABLED is true without CACHE_REDIS_URI: keys are in memory only.' };
  return { store: inRedis ? credentialsIn(hashes) : credentialsInSession(rows, hashes) };
}
