import { heldAlone, judgeServer } from '../cache/judge-server';
import { describe } from '../core/errors';
import type { Environment, Settings } from '../core/settings';
import { readCredentialSettings } from '../stores/credentials/open';
import { openCache } from './cache-access';
import type { Finding } from './doctor-checks';

const about = 'cache';

/** Whether the primary of the host's Redis answers, and what would cost sessions there. Nothing where the host uses none. */
export async function checkCache(settings: Settings, environment: Environment): Promise<Finding[]> {
  const credentials = readCredentialSettings(environment);
  if (!credentials.redisEnabled) return [];
  if (!settings.cacheRedis) {
    const text = 'CACHE_REDIS_ENABLED is true, but CACHE_REDIS_URI is not set.';
    return [{ level: 'problem', about, text }];
  }
  const link = openCache(settings);
  try {
    const primaries = await link.primaries();
    const expected = { held: heldAlone(credentials, settings.cacheBypass), lagSeconds: settings.cacheLagSeconds };
    const warnings = [...link.state().warnings, ...primaries.flatMap((primary) => judgeServer(primary, expected))];
    const told = primaries.map(({ address, replicas }) => `${address} is primary, with ${replicas.length} replicas`);
    return [
      { level: 'ok', about, text: told.join('; ') },
      ...warnings.map((text) => ({ level: 'warning', about, text }) as const),
    ];
  } catch (error) {
    return [{ level: 'problem', about, text: describe(error) }];
  } finally {
    link.stop();
  }
}
