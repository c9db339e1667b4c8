import { z } from 'zod';

/*
 * What is relied on of EvolutionAPI 2.3 (read at tags 2.3.6 and 2.3.7), shape by shape. Live objects are checked, not
 * copied: everything else on them stays out of sight.
 */

/** src/config/env.config.ts, `Rabbitmq`. */
export const rabbitmqConfig = z.object({
  ENABLED: z.boolean(),
  GLOBAL_ENABLED: z.boolean().default(false),
  EXCHANGE_NAME: z.string().min(1),
  PREFIX_KEY: z.string().optional(),
  EVENTS: z.record(z.string(), z.boolean()).default({}),
});
export type RabbitmqConfig = z.infer<typeof rabbitmqConfig>;

/** src/config/env.config.ts, `Webhook`. */
export const webhookConfig = z.object({
  GLOBAL: z
    .object({ URL: z.string().default(''), ENABLED: z.boolean(), WEBHOOK_BY_EVENTS: z.boolean().default(false) })
    .default({ URL: '', ENABLED: false, WEBHOOK_BY_EVENTS: false }),
  EVENTS: z.record(z.string(), z.unknown()).default({}),
  RETRY: z.object({ NON_RETRYABLE_STATUS_CODES: z.array(z.number()).default([]) }).default({
    NON_RETRYABLE_STATUS_CODES: [],
  }),
});
export type WebhookConfig = z.infer<typeof webhookConfig>;

/** A row of the host's Webhook table. What it keeps as JSON may be anything. */
export const instanceWebhook = z.object({
  url: z.string(),
  enabled: z.boolean().nullish(),
  events: z.unknown().optional(),
  headers: z.unknown().optional(),
  webhookByEvents: z
    .boolean()
    .nullish()
    .transform((value) => value === true),
});
export type InstanceWebhook = z.infer<typeof instanceWebhook>;

/** A row of the host's Rabbitmq table, as `controller.get` gives it. */
export const eventSettings = z
  .object({ enabled: z.boolean().nullish(), events: z.array(z.unknown()).nullish() })
  .nullish();

/** src/config/env.config.ts, `HttpServer`: how the host is reached. */
export const serverConfig = z.object({ URL: z.string().optional(), PORT: z.number().optional() });
export type ServerConfig = z.infer<typeof serverConfig>;

export interface ConfigService {
  get(key: string): unknown;
}

/** src/api/integrations/event/event.controller.ts */
export interface EventController {
  emit(event: unknown): Promise<void>;
  get(instance: string): Promise<unknown>;
  set(instance: string, data: unknown): Promise<unknown>;
}

/** src/api/integrations/event/rabbitmq/rabbitmq.controller.ts */
export interface RabbitmqController extends EventController {
  init(): unknown;
}

/** src/api/integrations/event/webhook/webhook.controller.ts; `get` knows only instances that this process has loaded. */
export interface WebhookController extends EventController {
  prisma: { webhook: { findFirst(query: { where: { Instance: { name: string } } }): Promise<unknown> } };
}

/** src/api/integrations/channel/channel.controller.ts */
export interface ChannelController {
  init(instanceData: unknown, parts: unknown): unknown;
}

/** eventemitter2 */
export interface Emitter {
  listeners(event: string): ((...args: unknown[]) => unknown)[];
  on(event: string, listener: (...args: unknown[]) => unknown): unknown;
  off(event: string, listener: (...args: unknown[]) => unknown): unknown;
}

/** src/api/services/monitor.service.ts */
export interface Monitor {
  waInstances: Record<string, unknown>;
  eventEmitter: Emitter;
  /** The start: loads all instances, and connects those that were connected. */
  loadInstance?(): Promise<unknown>;
  /** Private there. Loads an instance as the start does. */
  setInstance?(instanceData: object): Promise<unknown>;
  /** DEL_INSTANCE: begins to count for an instance that was just made. */
  delInstanceTime?(instance: string): void;
}

/** src/api/controllers/instance.controller.ts */
export interface InstanceController {
  createInstance(data: unknown): Promise<unknown>;
  deleteInstance(instance: { instanceName: string }): Promise<unknown>;
}

/** Routes under /message by which a message goes out, and methods of the controller behind them. */
export const SEND_ROUTES = [
  'sendTemplate',
  'sendText',
  'sendMedia',
  'sendPtv',
  'sendWhatsAppAudio',
  'sendStatus',
  'sendSticker',
  'sendLocation',
  'sendContact',
  'sendReaction',
  'sendPoll',
  'sendList',
  'sendButtons',
] as const;
export type SendRoute = (typeof SEND_ROUTES)[number];

/** src/api/controllers/sendMessage.controller.ts; it looks at less of a body than the router before it. */
export type SendMessageController = Record<
  SendRoute,
  (instance: { instanceName: string }, data: Record<string, unknown>) => Promise<unknown>
>;

/** An Express 4 application. */
export interface App {
  use(path: string, handler: unknown): unknown;
}

/** src/api/abstract/abstract.cache.ts */
export const CACHE_METHODS = ['get', 'hGet', 'set', 'hSet', 'has', 'keys', 'delete', 'hDelete', 'deleteAll'] as const;

/** Methods whose number of parameters tells the version: declared ones, up to the first with a default. */
export const SEND_ARITY: Readonly<Record<string, number>> = {
  'WHATSAPP-BAILEYS': 3,
  'WHATSAPP-BUSINESS': 3,
  EVOLUTION: 4,
};

/** What the one patched line in the host's main.ts hands over. */
export interface HostParts {
  /** The Express application, its own router not yet mounted. */
  app: unknown;
  configService: unknown;
  /** The exports of src/api/server.module.ts. */
  host: object;
}
