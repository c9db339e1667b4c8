import { join } from 'node:path';
import type { Environment, Settings } from '../core/settings';
import { BypassedKeys } from '../stores/credentials/bypassed-keys';
import { readCredentialSettings } from '../stores/credentials/open';
import type { Finding } from './doctor-checks';

const about = 'keys';

/** Whether signal keys are where the host would not look for them without the plugin (GUARD_CACHE_BYPASS). */
export async function checkSignalKeys(
  { enabled, cacheEnabled, cacheBypass }: Settings,
  environment: Environment,
  hostDir: string,
): Promise<Finding[]> {
  // Without Redis the host looks for them in these files itself.
  if (!readCredentialSettings(environment).redisEnabled) return [];
  const count = await new BypassedKeys(join(hostDir, 'instances')).count();
  if (count === 0) return [];
  const what = `signal keys of ${count} instances are in files`;
  if (!enabled || !cacheEnabled) {
    const text = `${what}, and the host looks for them in Redis: start it with GUARD_ENABLED=true, GUARD_CACHE=true and GUARD_CACHE_BYPASS empty until all are connected.`;
    return [{ level: 'problem', about, text }];
  }
  if (!cacheBypass.includes('signal-keys')) {
    const text = `${what}, and return to Redis when these are connected: leave the plugin on until then.`;
    return [{ level: 'warning', about, text }];
  }
  const text = `${what}; before the plugin is switched off, empty GUARD_CACHE_BYPASS and start once`;
  return [{ level: 'ok', about, text }];
}
