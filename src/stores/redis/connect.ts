import Redis from 'ioredis';
import { within } from '../../core/within';
import type { RedisAccess, RedisServer } from '../../core/redis-place';

export const addressOf = ({ host, port }: RedisServer) =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** The other way round. */
export function serverOf(address: string): RedisServer {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

/**
 * One connection to one server, which ends where it breaks: whoever uses it finds out where the primary is then. Commands
 * are refused while it is not open.
 *
 * @throws what kept it from opening, within the time.
 */
export async function connect(server: RedisServer, access: RedisAccess, timeoutMs: number): Promise<Redis> {
  const client = new Redis({
    host: server.host,
    port: server.port,
    db: access.db,
    ...(access.username === undefined ? {} : { username: access.username }),
    ...(access.password === undefined ? {} : { password: access.password }),
    ...(access.tls ? { tls: {} } : {}),
    lazyConnect: true,
    connectTimeout: timeoutMs,
    retryStrategy: () => null,
    maxRetriesPerRequest: null,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    connectionName: 'evolution-guard',
  });
  let cause: unknown;
  client.on('error', (error) => (cause = error));
  try {
    await within(timeoutMs, client.connect());
    return client;
  } catch (error) {
    client.disconnect();
    throw cause ?? error;
  }
}
