import { z } from 'zod';
import type { Settings } from '../core/settings';
import { checkCacheSeam } from './cache-seam';
import { bag, isMethod, missing } from './shape-checks';
import type { ChannelController, Monitor } from './shapes';
import type { FeatureVerdict } from './verdicts';

/** src/config/env.config.ts */
const cacheConfig = z.object({
  REDIS: z.object({
    ENABLED: z.boolean(),
    URI: z.string(),
    PREFIX_KEY: z.string(),
    /** Seconds. */
    TTL: z.number().int().positive(),
    SAVE_INSTANCES: z.boolean(),
  }),
});

/** What the feature needs of the host. */
export interface CacheParts {
  config: z.infer<typeof cacheConfig>['REDIS'];
  channels: ChannelController;
  monitor: Monitor;
}

export function cacheParts(
  host: Record<string, unknown>,
  read: (key: string) => unknown,
  settings: Settings,
): { verdict: FeatureVerdict; parts?: CacheParts } {
  const feature = 'cache';
  const off = (reason: string) => ({ verdict: { feature, verdict: 'off-by-setting', reason } as const });
  if (!settings.cacheEnabled) return off('GUARD_CACHE is false');
  const config = cacheConfig.safeParse(read('CACHE')).data?.REDIS;
  if (config && !config.ENABLED) return off('CACHE_REDIS_ENABLED is not true');
  if (config?.URI === '') return off('CACHE_REDIS_URI is not set');
  const wrong = checkCacheSeam();
  const { channelController: channels, waMonitor: monitor } = host;
  const lacks = missing({
    "configService.get('CACHE').REDIS with ENABLED, URI, PREFIX_KEY, TTL and SAVE_INSTANCES": config !== undefined,
    [wrong ?? 'the seam of the cache']: wrong === undefined,
    'channelController.init(data, parts)': isMethod(channels, 'init', 2),
    'waMonitor.waInstances': typeof bag(monitor).waInstances === 'object',
  });
  if (lacks.length > 0 || !config) return { verdict: { feature, verdict: 'host-lacks', reason: lacks.join('; ') } };
  return {
    verdict: { feature, verdict: 'on', reason: 'the cache is read and written on the Redis primary alone' },
    parts: { config, channels: channels as ChannelController, monitor: monitor as Monitor },
  };
}
