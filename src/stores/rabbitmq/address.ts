import type { Options } from 'amqplib';

/** Two missed ones end a connection whose other end has vanished. RabbitMQ advises 5 to 20 seconds. */
const HEARTBEAT_SECONDS = 10;

/** The host's reading of RABBITMQ_URI, but for percent-decoding: credentials with special characters work here. */
export function parseAddress(uri: string, frameMax: number) {
  const url = new URL(uri);
  return {
    protocol: url.protocol.slice(0, -1),
    hostname: url.hostname,
    port: url.port ? Number(url.port) : url.protocol === 'amqps:' ? 5671 : 5672,
    username: decodeURIComponent(url.username) || 'guest',
    password: decodeURIComponent(url.password) || 'guest',
    vhost: decodeURIComponent(url.pathname.slice(1)) || '/',
    frameMax,
    heartbeat: HEARTBEAT_SECONDS,
  } satisfies Options.Connect;
}
