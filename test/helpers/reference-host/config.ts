import { dirname, join } from 'node:path';

/** The host's settings as far as the handshake and the sinks look at them, under the host's own names. */
export interface RabbitmqSettings {
  ENABLED: boolean;
  GLOBAL_ENABLED: boolean;
  EXCHANGE_NAME: string;
  PREFIX_KEY?: string;
  URI: string;
  EVENTS: Record<string, boolean>;
}

export interface WebhookSettings {
  GLOBAL: { URL: string; ENABLED: boolean; WEBHOOK_BY_EVENTS: boolean };
  EVENTS: Record<string, boolean>;
  REQUEST: { TIMEOUT_MS: number };
  RETRY: {
    MAX_ATTEMPTS: number;
    INITIAL_DELAY_SECONDS: number;
    MAX_DELAY_SECONDS: number;
    NON_RETRYABLE_STATUS_CODES: number[];
  };
}

const isOn = (name: string) => process.env[name] === 'true';

const rabbitmq: RabbitmqSettings = {
  ENABLED: isOn('RABBITMQ_ENABLED'),
  GLOBAL_ENABLED: isOn('RABBITMQ_GLOBAL_ENABLED'),
  EXCHANGE_NAME: process.env.RABBITMQ_EXCHANGE_NAME ?? 'evolution_exchange',
  ...(process.env.RABBITMQ_PREFIX_KEY !== undefined && { PREFIX_KEY: process.env.RABBITMQ_PREFIX_KEY }),
  URI: process.env.RABBITMQ_URI ?? '',
  EVENTS: {
    SEND_MESSAGE: isOn('RABBITMQ_EVENTS_SEND_MESSAGE'),
    MESSAGES_UPSERT: isOn('RABBITMQ_EVENTS_MESSAGES_UPSERT'),
  },
};

const webhook: WebhookSettings = {
  GLOBAL: {
    URL: process.env.WEBHOOK_GLOBAL_URL ?? '',
    ENABLED: isOn('WEBHOOK_GLOBAL_ENABLED'),
    WEBHOOK_BY_EVENTS: isOn('WEBHOOK_GLOBAL_WEBHOOK_BY_EVENTS'),
  },
  EVENTS: {
    SEND_MESSAGE: isOn('WEBHOOK_EVENTS_SEND_MESSAGE'),
    MESSAGES_UPSERT: isOn('WEBHOOK_EVENTS_MESSAGES_UPSERT'),
  },
  REQUEST: { TIMEOUT_MS: Number(process.env.WEBHOOK_REQUEST_TIMEOUT_MS) || 30_000 },
  RETRY: {
    MAX_ATTEMPTS: Number(process.env.WEBHOOK_RETRY_MAX_ATTEMPTS) || 10,
    INITIAL_DELAY_SECONDS: Number(process.env.WEBHOOK_RETRY_INITIAL_DELAY_SECONDS) || 5,
    MAX_DELAY_SECONDS: Number(process.env.WEBHOOK_RETRY_MAX_DELAY_SECONDS) || 300,
    NON_RETRYABLE_STATUS_CODES: [400, 401, 403, 404, 422],
  },
};

/** Who starts this host gives it this folder, which lasts over restarts. */
const folder = process.env.GUARD_SPILL_DIR && dirname(process.env.GUARD_SPILL_DIR);

export const settings = {
  instancesFile: folder && join(folder, 'instances.json'),
  port: Number(process.env.SERVER_PORT ?? 0),
  apiKey: process.env.AUTHENTICATION_API_KEY ?? '',
  rabbitmq,
  webhook,
};

/** It keeps nothing in a Redis. */
const cache = {
  REDIS: { ENABLED: false, URI: '', PREFIX_KEY: 'evolution-cache', TTL: 604_800, SAVE_INSTANCES: false },
};

export const configService = {
  get(key: string): unknown {
    if (key === 'WEBHOOK') return webhook;
    if (key === 'CACHE') return cache;
    return key === 'RABBITMQ' ? rabbitmq : undefined;
  },
};
