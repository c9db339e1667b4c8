import { GuardError } from '../core/errors';
import { EVERYTHING } from '../core/rollout';
import type { Settings } from '../core/settings';
import { cacheParts, type CacheParts } from './cache-verdict';
import { instancesParts, type InstancesParts } from './instances-verdict';
import { bag, hasMethod, isMethod, missing } from './shape-checks';
import {
  rabbitmqConfig,
  SEND_ROUTES,
  serverConfig,
  webhookConfig,
  type App,
  type ChannelController,
  type ConfigService,
  type HostParts,
  type Monitor,
  type RabbitmqConfig,
  type RabbitmqController,
  type SendMessageController,
  type ServerConfig,
  type WebhookConfig,
  type WebhookController,
} from './shapes';
import type { FeatureVerdict } from './verdicts';

/** The live parts of the host, every shape of them checked. Those of a feature that is not on may be missing. */
export interface Host {
  app: App;
  rabbitmq: { controller: RabbitmqController; config: RabbitmqConfig } | undefined;
  webhooks: { controller: WebhookController; config: WebhookConfig } | undefined;
  /** `host` are the exports of server.module, where bots are looked for. */
  sends: { controller: ChannelController; monitor: Monitor; host: object } | undefined;
  /** `controller` is missing where it lacks something. */
  sequences: { controller: SendMessageController | undefined; lacks: string[]; server: ServerConfig };
  instances: InstancesParts | undefined;
  cache: CacheParts | undefined;
  verdicts: FeatureVerdict[];
}

/**
 * Looks at every shape that is used, and decides for each feature.
 *
 * @throws GuardError GUARD_HOST_SHAPE that lists all shapes missing for features which are to be on.
 */
export function shakeHands(parts: HostParts, settings: Settings): Host {
  const host = bag(parts.host);
  const config = parts.configService as ConfigService;
  const rabbitmq = rabbitmqConfig.safeParse(readConfig(config, 'RABBITMQ')).data;
  const webhook = webhookConfig.safeParse(readConfig(config, 'WEBHOOK')).data;
  const manager = bag(host.eventManager);
  const lacking: string[] = [];
  if (typeof parts.app !== 'function') lacking.push('app (an Express application)');

  const events = eventsVerdict(manager.rabbitmq, rabbitmq, settings);
  const webhooks = webhooksVerdict(manager.webhook, webhook, settings);
  const sends = sendsVerdict(host.channelController, host.waMonitor, settings);
  const instances = instancesParts(host, (key) => readConfig(config, key), settings);
  const cache = cacheParts(host, (key) => readConfig(config, key), settings);
  const verdicts = [events, webhooks, sends, instances.verdict, cache.verdict];
  for (const { verdict, reason } of verdicts) if (verdict === 'host-lacks') lacking.push(reason);
  if (lacking.length > 0) throw new GuardError('GUARD_HOST_SHAPE', `${lacking.join('; ')}.`);

  return {
    app: parts.app as App,
    rabbitmq:
      events.verdict === 'on' && rabbitmq
        ? { controller: manager.rabbitmq as RabbitmqController, config: rabbitmq }
        : undefined,
    webhooks:
      webhooks.verdict === 'on' && webhook
        ? { controller: manager.webhook as WebhookController, config: webhook }
        : undefined,
    sends:
      sends.verdict === 'on'
        ? { controller: host.channelController as ChannelController, monitor: host.waMonitor as Monitor, host }
        : undefined,
    sequences: sequenceParts(host.sendMessageController, readConfig(config, 'SERVER')),
    instances: instances.parts,
    cache: cache.parts,
    verdicts,
  };
}

function readConfig(config: ConfigService, key: string): unknown {
  return typeof bag(config).get === 'function' ? config.get(key) : undefined;
}

function webhooksVerdict(controller: unknown, config: WebhookConfig | undefined, settings: Settings): FeatureVerdict {
  const feature = 'webhooks';
  if (settings.webhooks === 'stock') return { feature, verdict: 'off-by-setting', reason: 'GUARD_WEBHOOKS is stock' };
  const lacks = missing({
    "configService.get('WEBHOOK') with GLOBAL and EVENTS": config !== undefined,
    'eventManager.webhook.emit(event)': isMethod(controller, 'emit', 1),
    'eventManager.webhook.get(instance)': isMethod(controller, 'get', 1),
    'eventManager.webhook.set(instance, data)': isMethod(controller, 'set', 2),
    'eventManager.webhook.prisma.webhook.findFirst': hasMethod(bag(bag(controller).prisma).webhook, 'findFirst'),
  });
  if (lacks.length > 0) return { feature, verdict: 'host-lacks', reason: lacks.join('; ') };
  const part = (settings.rollout ?? EVERYTHING).describe('webhooks');
  return { feature, verdict: 'on', reason: `webhooks go through the outbox for ${part}` };
}

function eventsVerdict(controller: unknown, rabbitmq: RabbitmqConfig | undefined, settings: Settings): FeatureVerdict {
  const feature = 'events';
  if (!settings.eventsEnabled) return { feature, verdict: 'off-by-setting', reason: 'GUARD_EVENTS is false' };
  if (rabbitmq && !rabbitmq.ENABLED)
    return { feature, verdict: 'off-by-setting', reason: 'RABBITMQ_ENABLED is not true' };
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

function sendsVerdict(controller: unknown, monitor: unknown, settings: Settings): FeatureVerdict {
  const feature = 'sends';
  if (!settings.sendsEnabled) return { feature, verdict: 'off-by-setting', reason: 'GUARD_SENDS is false' };
  const lacks = missing({
    'channelController.init(data, parts)': isMethod(controller, 'init', 2),
    'waMonitor.waInstances': hasInstances(monitor),
  });
  if (lacks.length > 0) return { feature, verdict: 'host-lacks', reason: lacks.join('; ') };
  const part = (settings.rollout ?? EVERYTHING).describe('sends');
  return { feature, verdict: 'on', reason: `sends keep the order of their chat for ${part}` };
}

/** Sends work without; so a host that lacks it starts all the same. */
function sequenceParts(controller: unknown, server: unknown): Host['sequences'] {
  const methods = SEND_ROUTES.map((route) => [`sendMessageController.${route}`, hasMethod(controller, route)] as const);
  const lacks = missing(Object.fromEntries(methods));
  return {
    controller: lacks.length === 0 ? (controller as SendMessageController) : undefined,
    lacks,
    server: serverConfig.safeParse(server).data ?? {},
  };
}

const hasInstances = (monitor: unknown) => typeof bag(monitor).waInstances === 'object';
