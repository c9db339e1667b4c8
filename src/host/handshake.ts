import { GuardError } from '../core/errors';
import { EVERYTHING } from '../core/rollout';
import type { Settings } from '../core/settings';
import { checkCacheSeam } from './cache-seam';
import { INSTANCE_EVENTS } from './instances-join';
import {
  rabbitmqConfig,
  type App,
  type ChannelController,
  type ConfigService,
  type EventManager,
  type HostParts,
  type Monitor,
  type RabbitmqConfig,
} from './shapes';
import type { FeatureVerdict } from './verdicts';

/** The live parts of the host, every shape of them checked. Those of a feature that is not on may be missing. */
export interface Host {
  app: App;
  eventManager: EventManager | undefined;
  rabbitmq: RabbitmqConfig | undefined;
  channelController: ChannelController | undefined;
  monitor: Monitor | undefined;
  verdicts: FeatureVerdict[];
}

type Bag = Record<string, unknown>;
const bag = (value: unknown): Bag => (typeof value === 'object' && value !== null ? (value as Bag) : {});

/** @returns the shapes out of the list that are missing, as the operator would look them up. */
function missing(shapes: Record<string, boolean>): string[] {
  return Object.entries(shapes)
    .filter(([, there]) => !there)
    .map(([shape]) => shape);
}

function isMethod(object: unknown, name: string, arity: number): boolean {
  const method = bag(object)[name];
  return typeof method === 'function' && method.length === arity;
}

/**
 * Looks at every shape that is used, and decides for each feature.
 *
 * @throws GuardError GUARD_HOST_SHAPE that lists all shapes missing for features which are to be on.
 */
export function shakeHands(parts: HostParts, settings: Settings): Host {
  const host = bag(parts.host);
  const config = parts.configService as ConfigService;
  const rabbitmq = readRabbitmq(config);
  const lacking: string[] = [];
  if (typeof parts.app !== 'function') lacking.push('app (an Express application)');

  const events = eventsVerdict(host.eventManager, rabbitmq, settings);
  if (events.verdict === 'host-lacks') lacking.push(events.reason);
  if (lacking.length > 0) throw new GuardError('GUARD_HOST_SHAPE', `${lacking.join('; ')}.`);

  const monitor = monitorVerdict(host.waMonitor);
  const sends = sendsVerdict(host.channelController);
  const usable = <T>(verdict: FeatureVerdict, part: unknown) =>
    verdict.verdict === 'host-lacks' ? undefined : (part as T);
  return {
    app: parts.app as App,
    eventManager: events.verdict === 'on' ? (host.eventManager as EventManager) : undefined,
    rabbitmq,
    channelController: usable<ChannelController>(sends, host.channelController),
    monitor: usable<Monitor>(monitor, host.waMonitor),
    verdicts: [events, sends, monitor, cacheVerdict()],
  };
}

function readRabbitmq(config: ConfigService): RabbitmqConfig | undefined {
  if (typeof bag(config).get !== 'function') return undefined;
  return rabbitmqConfig.safeParse(config.get('RABBITMQ')).data;
}

function eventsVerdict(manager: unknown, rabbitmq: RabbitmqConfig | undefined, settings: Settings): FeatureVerdict {
  const feature = 'events';
  if (!settings.eventsEnabled) return { feature, verdict: 'off-by-setting', reason: 'GUARD_EVENTS is false' };
  if (rabbitmq && !rabbitmq.ENABLED)
    return { feature, verdict: 'off-by-setting', reason: 'RABBITMQ_ENABLED is not true' };
  const controller = bag(manager).rabbitmq;
  const lacks = missing({
    "configService.get('RABBITMQ') with ENABLED, EXCHANGE_NAME and EVENTS": rabbitmq !== undefined,
    'eventManager.rabbitmq.emit(event)': isMethod(controller, 'emit', 1),
    'eventManager.rabbitmq.init()': isMethod(controller, 'init', 0),
    'eventManager.rabbitmq.get(instance)': isMethod(controller, 'get', 1),
    'eventManager.rabbitmq.set(instance, data)': isMethod(controller, 'set', 2),
  });
  if (lacks.length > 0) return { feature, verdict: 'host-lacks', reason: lacks.join('; ') };
  if (!settings.rabbitmqUri) return { feature, verdict: 'off-by-setting', reason: 'RABBITMQ_URI is not set' };
  const part = (settings.rollout ?? EVERYTHING).describe('events');
  return { feature, verdict: 'on', reason: `RabbitMQ events go through the outbox for ${part}` };
}

function sendsVerdict(controller: unknown): FeatureVerdict {
  return passing('sends', missing({ 'channelController.init(data, parts)': isMethod(controller, 'init', 2) }));
}

function monitorVerdict(monitor: unknown): FeatureVerdict {
  const emitter = bag(monitor).eventEmitter;
  const listeners = bag(emitter).listeners;
  const single = (event: string) => {
    if (typeof listeners !== 'function') return false;
    return (listeners.call(emitter, event) as unknown[]).length === 1;
  };
  return passing(
    'instances',
    missing({
      'waMonitor.waInstances': typeof bag(monitor).waInstances === 'object',
      'waMonitor.cleaningUp(instance)': isMethod(monitor, 'cleaningUp', 1),
      'waMonitor.cleaningStoreData(instance)': isMethod(monitor, 'cleaningStoreData', 1),
      ...Object.fromEntries(INSTANCE_EVENTS.map((event) => [`exactly one listener of ${event}`, single(event)])),
    }),
  );
}

function cacheVerdict(): FeatureVerdict {
  const wrong = checkCacheSeam();
  return passing('cache', wrong ? [wrong] : []);
}

function passing(feature: FeatureVerdict['feature'], lacks: string[]): FeatureVerdict {
  if (lacks.length > 0) return { feature, verdict: 'host-lacks', reason: lacks.join('; ') };
  return { feature, verdict: 'passing-through', reason: 'the seam is in place and changes nothing yet' };
}
