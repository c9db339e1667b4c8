/** The servers that a host works with. */
export interface Backends {
  databaseUrl: string;
  brokerUrl: string;
  /** Of a Redis. Without one the host caches in its own memory. */
  cacheUrl?: string | undefined;
}

export interface HostSettings extends Backends {
  port: number;
  apiKey: string;
  guarded: boolean;
}

const on = 'true';
const off = 'false';

/** Whatever could reach out of this machine, or ask for a server that is not there. */
const SWITCHED_OFF = [
  'CHATWOOT',
  'DIFY',
  'EVOAI',
  'FLOWISE',
  'KAFKA',
  'N8N',
  'NATS',
  'OPENAI',
  'PROVIDER',
  'PUSHER',
  'S3',
  'SQS',
  'TELEMETRY',
  'TYPEBOT',
  'WEBSOCKET',
];

/** The whole environment of a host: nothing of ours reaches it but PATH and HOME. */
export function hostEnvironment(settings: HostSettings): NodeJS.ProcessEnv {
  const { port, apiKey, guarded, databaseUrl, brokerUrl, cacheUrl } = settings;
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    TZ: 'UTC',
    NODE_ENV: 'production',
    // Empty counts as unset. An absent one Prisma's client would take from the .env of the operator's checkout.
    GUARD_ENABLED: guarded ? on : '',

    SERVER_NAME: 'trial',
    SERVER_TYPE: 'http',
    SERVER_PORT: `${port}`,
    SERVER_URL: `http://127.0.0.1:${port}`,
    SERVER_DISABLE_DOCS: on,
    SERVER_DISABLE_MANAGER: on,
    CORS_ORIGIN: '*',
    AUTHENTICATION_API_KEY: apiKey,
    LOG_LEVEL: 'ERROR,WARN',
    LOG_COLOR: off,
    LOG_BAILEYS: 'error',
    LANGUAGE: 'en',
    DEL_INSTANCE: off,

    DATABASE_ENABLED: on,
    DATABASE_PROVIDER: 'postgresql',
    DATABASE_CONNECTION_URI: databaseUrl,
    DATABASE_CONNECTION_CLIENT_NAME: 'trial',
    DATABASE_SAVE_DATA_INSTANCE: on,
    DATABASE_SAVE_DATA_NEW_MESSAGE: on,
    DATABASE_SAVE_MESSAGE_UPDATE: on,
    DATABASE_SAVE_DATA_CONTACTS: on,
    DATABASE_SAVE_DATA_CHATS: on,
    DATABASE_SAVE_DATA_LABELS: on,
    DATABASE_SAVE_DATA_HISTORIC: off,

    CACHE_REDIS_ENABLED: cacheUrl ? on : off,
    CACHE_REDIS_URI: cacheUrl ?? '',
    CACHE_REDIS_PREFIX_KEY: `trial${port}`,
    CACHE_REDIS_TTL: '604800',
    CACHE_REDIS_SAVE_INSTANCES: off,
    CACHE_LOCAL_ENABLED: cacheUrl ? off : on,

    RABBITMQ_ENABLED: on,
    RABBITMQ_URI: brokerUrl,
    RABBITMQ_EXCHANGE_NAME: 'evolution_exchange',
    RABBITMQ_GLOBAL_ENABLED: off,
    RABBITMQ_FRAME_MAX: '8192',

    WEBHOOK_GLOBAL_ENABLED: off,
    WEBHOOK_EVENTS_ERRORS: off,
    PROMETHEUS_METRICS: off,
    ...Object.fromEntries(SWITCHED_OFF.map((feature) => [`${feature}_ENABLED`, off])),
  };
}
