/** The host's settings as far as the handshake and the sinks look at them, under the host's own names. */
export interface RabbitmqSettings {
  ENABLED: boolean;
  GLOBAL_ENABLED: boolean;
  EXCHANGE_NAME: string;
  PREFIX_KEY?: string;
  URI: string;
  EVENTS: Record<string, boolean>;
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

export const settings = {
  port: Number(process.env.SERVER_PORT ?? 0),
  apiKey: process.env.AUTHENTICATION_API_KEY ?? '',
  rabbitmq,
};

export const configService = {
  get(key: string): unknown {
    return key === 'RABBITMQ' ? rabbitmq : undefined;
  },
};
