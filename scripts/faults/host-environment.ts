import type { Assignment } from './host-program';

export interface HostUrls {
  databaseUrl: string;
  brokerUrl: string;
}

/** What an operator would have in the host's .env, and nothing of what this machine has. */
export function hostEnvironment(
  { databaseUrl, brokerUrl }: HostUrls,
  sink: Assignment['sink'],
  spillFolder: string,
): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    GUARD_ENABLED: 'true',
    GUARD_LOG_LEVEL: 'debug',
    GUARD_SENDS: 'false', // this host has no channels,
    GUARD_INSTANCES: 'false', // and no tables of instances
    GUARD_CACHE: 'false', // and no cache
    GUARD_SPILL_DIR: spillFolder,
    GUARD_WEBHOOKS: sink === 'webhook' ? 'durable' : 'stock',
    // Shorter than by default, so that a receiver that hangs is noticed while the scenario lasts.
    GUARD_WEBHOOK_TIMEOUT_MS: '3000',
    DATABASE_PROVIDER: databaseUrl.startsWith('mysql:') ? 'mysql' : 'postgresql',
    DATABASE_CONNECTION_URI: databaseUrl,
    RABBITMQ_ENABLED: `${sink === 'rabbitmq'}`,
    RABBITMQ_URI: brokerUrl,
  };
}
