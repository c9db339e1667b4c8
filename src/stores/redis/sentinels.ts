import Redis from 'ioredis';
import { z } from 'zod';
import { describe } from '../../core/errors';
import type { Log } from '../../core/log';
import type { RedisServer } from '../../core/redis-place';
import { addressOf } from './connect';

export interface SentinelsOptions {
  sentinels: readonly RedisServer[];
  /** Of the primary, in the Sentinels. */
  name: string;
  tls: boolean;
  password: string | undefined;
  timeoutMs: number;
  /** The primary is another one now. */
  switched: (server: RedisServer) => void;
  log: Log;
}

const master = z.object({ 'config-epoch': z.coerce.number() });
const address = z.tuple([z.string(), z.coerce.number()]);

/** SENTINEL MASTER, as far as it is used: names and values in turns. */
function readEpoch(answer: unknown): number {
  const all = z.array(z.string()).parse(answer);
  const fields = Object.fromEntries(all.flatMap((name, at) => (at % 2 === 0 ? [[name, all[at + 1]]] : [])));
  return master.parse(fields)['config-epoch'];
}

/**
 * The Sentinels of one primary. Where they disagree, as they do for a moment after a fail-over, the one with the highest
 * epoch is right: it has seen the latest vote. Each is listened to as well, since the old primary, where it lives, goes on
 * for seconds before it is told.
 */
export class Sentinels {
  private readonly clients: Redis[];

  constructor(private readonly options: SentinelsOptions) {
    this.clients = options.sentinels.flatMap((server) => [this.open(server), this.listen(server)]);
  }

  /** @throws Error that names every Sentinel with what is wrong with it. */
  async primary(): Promise<RedisServer> {
    const asked = this.clients.filter((_, at) => at % 2 === 0);
    const outcomes = await Promise.allSettled(asked.map((client) => this.ask(client)));
    const known = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const [latest] = known.sort((a, b) => b.epoch - a.epoch);
    if (latest) return latest.server;
    const { sentinels } = this.options;
    const reasons = outcomes.map((each, at) => {
      const server = sentinels[at];
      return `Sentinel ${server ? addressOf(server) : ''}: ${each.status === 'rejected' ? describe(each.reason) : ''}`;
    });
    throw new Error(reasons.join('; '));
  }

  /** Where a fail-over is under way, MASTER has its epoch already, and the address of the old primary still. */
  private async ask(client: Redis): Promise<{ epoch: number; server: RedisServer }> {
    const { name } = this.options;
    const [about, where] = await Promise.all([
      client.call('SENTINEL', 'MASTER', name),
      client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name),
    ]);
    const [host, port] = address.parse(where);
    return { epoch: readEpoch(about), server: { host, port } };
  }

  stop(): void {
    for (const client of this.clients) client.disconnect();
  }

  private listen(server: RedisServer): Redis {
    const client = this.open(server);
    const { name, switched, log } = this.options;
    client.on('ready', () => {
      client.subscribe('+switch-master').catch((error: unknown) => {
        log.debug({ detail: describe(error) }, 'a Sentinel cannot be listened to; it is asked again when it is back');
      });
    });
    client.on('message', (_channel, message: string) => {
      const [of, , , host, port] = message.split(' ');
      if (of === name && host && port) switched({ host, port: Number(port) });
    });
    return client;
  }

  private open({ host, port }: RedisServer): Redis {
    const { tls, password, timeoutMs } = this.options;
    const client = new Redis({
      host,
      port,
      ...(password === undefined ? {} : { password }),
      ...(tls ? { tls: {} } : {}),
      connectTimeout: timeoutMs,
      commandTimeout: timeoutMs,
      maxRetriesPerRequest: 0,
      enableReadyCheck: false,
      autoResubscribe: false,
      retryStrategy: (times) => Math.min(times * 100, 2_000),
      connectionName: 'evolution-guard',
    });
    client.on('error', (error) => {
      this.options.log.debug({ detail: describe(error) }, `the Sentinel ${addressOf({ host, port })} is away`);
    });
    return client;
  }
}
