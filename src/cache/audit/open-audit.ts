import { join } from 'node:path';
import type { Clock } from '../../core/clock';
import { GuardError } from '../../core/errors';
import type { Log } from '../../core/log';
import type { Environment, Settings } from '../../core/settings';
import { readCredentialSettings } from '../../stores/credentials/open';
import { isWaiting } from '../../stores/credentials/waiting-folder';
import { openHostAuditRows } from '../../stores/open-host-audit-rows';
import type { RedisLink } from '../../stores/redis/redis-link';
import { auditCache, type AuditOptions, type AuditReport } from './audit-cache';

export interface OpenAuditOptions {
  settings: Pick<Settings, 'hostDatabaseUri' | 'clientName' | 'cachePrefix' | 'cacheBypass'>;
  /** The host's. */
  environment: Environment;
  /** The folder that the host runs in. */
  hostDir: string;
  link: Pick<RedisLink, 'run' | 'scan'>;
  clock: Pick<Clock, 'monotonic'>;
  log: Log;
}

/** As the host has it, seconds. */
const TTL_S = 604_800;

/**
 * Audits of one installation; opens no connection to the database before the first.
 *
 * @throws GuardError GUARD_SETTINGS_INVALID where the host has no Redis or no database to compare.
 */
export function openAudit({ settings, environment, hostDir, link, clock, log }: OpenAuditOptions): {
  run: (how: Pick<AuditOptions, 'repairs' | 'signal' | 'progress'>) => Promise<AuditReport>;
  stop: () => Promise<void>;
} {
  const { hostDatabaseUri: uri, clientName, cachePrefix: prefix, cacheBypass } = settings;
  const credentials = readCredentialSettings(environment);
  if (!credentials.redisEnabled)
    throw new GuardError(
      'GUARD_SETTINGS_INVALID',
      '\n  - CACHE_REDIS_ENABLED: is not true, so that the host uses no Redis\n',
    );
  if (!uri) throw new GuardError('GUARD_SETTINGS_INVALID', '\n  - DATABASE_CONNECTION_URI: is not set\n');
  const rows = openHostAuditRows({ uri, log });
  const places = { ...credentials, keysInFiles: cacheBypass.includes('signal-keys') };
  const ttlSeconds = Number.parseInt(environment['CACHE_REDIS_TTL'] ?? '') || TTL_S;
  const waits = (owner: string) => isWaiting(join(hostDir, 'instances'), owner);
  return {
    run: (how) => auditCache({ link, rows, prefix, clientName, places, isWaiting: waits, ttlSeconds, clock, ...how }),
    stop: rows.stop,
  };
}
