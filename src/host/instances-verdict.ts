import { z } from 'zod';
import { EVERYTHING } from '../core/rollout';
import type { Settings } from '../core/settings';
import { INSTANCE_EVENTS } from './instances-join';
import { bag, isMethod, missing } from './shape-checks';
import type { ChannelController, InstanceController, Monitor } from './shapes';
import type { FeatureVerdict } from './verdicts';

/** src/config/env.config.ts */
const instancesConfig = z.object({
  CHATWOOT: z.object({ ENABLED: z.boolean() }).optional().catch(undefined),
  DEL_INSTANCE: z.union([z.number(), z.boolean()]).optional().catch(undefined),
});
export type InstancesConfig = z.infer<typeof instancesConfig>;

/** What the feature needs of the host. */
export interface InstancesParts {
  monitor: Monitor;
  controller: InstanceController;
  channels: ChannelController;
  config: InstancesConfig;
}

export function instancesParts(
  host: Record<string, unknown>,
  read: (key: string) => unknown,
  settings: Settings,
): { verdict: FeatureVerdict; parts?: InstancesParts } {
  const feature = 'instances';
  const off = (reason: string) => ({ verdict: { feature, verdict: 'off-by-setting', reason } as const });
  if (!settings.instancesEnabled) return off('GUARD_INSTANCES is false');
  if (!settings.hostDatabaseUri) return off('DATABASE_CONNECTION_URI is not set');
  const keys = Object.keys(instancesConfig.shape);
  const config = instancesConfig.parse(Object.fromEntries(keys.map((key) => [key, read(key)])));
  const { waMonitor: monitor, instanceController: controller, channelController: channels } = host;
  const lacks = missing({
    'waMonitor.waInstances': typeof bag(monitor).waInstances === 'object',
    'waMonitor.cleaningUp(instance)': isMethod(monitor, 'cleaningUp', 1),
    'waMonitor.cleaningStoreData(instance)': isMethod(monitor, 'cleaningStoreData', 1),
    'waMonitor.setInstance(data)': isMethod(monitor, 'setInstance', 1),
    'waMonitor.delInstanceTime(instance)': isMethod(monitor, 'delInstanceTime', 1),
    'instanceController.createInstance(data)': isMethod(controller, 'createInstance', 1),
    'instanceController.deleteInstance(instance)': isMethod(controller, 'deleteInstance', 1),
    'channelController.init(data, parts)': isMethod(channels, 'init', 2),
    ...Object.fromEntries(INSTANCE_EVENTS.map((event) => [`exactly one listener of ${event}`, hasOne(monitor, event)])),
  });
  if (lacks.length > 0) return { verdict: { feature, verdict: 'host-lacks', reason: lacks.join('; ') } };
  const part = (settings.rollout ?? EVERYTHING).describe('instances');
  return {
    verdict: {
      feature,
      verdict: 'on',
      reason: `logouts and deletes are soft, and connections are watched, for ${part}`,
    },
    parts: {
      monitor: monitor as Monitor,
      controller: controller as InstanceController,
      channels: channels as ChannelController,
      config,
    },
  };
}

function hasOne(monitor: unknown, event: string): boolean {
  const emitter = bag(monitor).eventEmitter;
  const { listeners } = bag(emitter);
  return typeof listeners === 'function' && (listeners.call(emitter, event) as unknown[]).length === 1;
}
