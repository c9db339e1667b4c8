import type { ChannelModel } from 'amqplib';
import { backoffMs } from '../core/backoff';
import { describe } from '../core/errors';
import { sleep } from '../core/sleep';
import { parseAddress } from '../stores/rabbitmq/address';
import type { Surroundings } from './channel';

export interface Connection {
  close(): Promise<void>;
}

/** What RabbitMQ proposes, and amqplib's default. */
const FRAME_MAX_BYTES = 131_072;
const CONNECT_TIMEOUT_MS = 10_000;
/** A broker that came back is found within this time. */
const MOST_DELAY_MS = 5_000;
/** How soon after being asked to close a broker that does not answer is left behind. */
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * Keeps a connection to RabbitMQ open, for ever.
 *
 * @param serve called with each connection and a signal that is aborted when it is gone. Must not reject.
 */
export async function keepConnection(
  url: string,
  name: string,
  serve: (connection: ChannelModel, gone: AbortSignal) => Promise<void>,
  { log, random }: Surroundings,
): Promise<Connection> {
  // Loaded only now: whoever imports the package for something else pays nothing for it.
  const { connect } = await import('amqplib');
  const connection = await connect(parseAddress(url, FRAME_MAX_BYTES), {
    timeout: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    noDelay: true,
    clientProperties: { connection_name: `evolution-guard consumer (${name})` },
    recovery: {
      waitForConnect: false,
      calculateDelay: (attempt) => backoffMs(attempt - 1, random, 100, MOST_DELAY_MS),
    },
  });
  let served = Promise.resolve();
  let told = false;
  connection.on('connect', (model) => {
    told = false;
    log.info({ connection: name }, 'RabbitMQ is connected');
    const gone = new AbortController();
    model.once('close', () => gone.abort());
    served = serve(model, gone.signal);
  });
  const fail = (error: unknown) => {
    // One line for an outage, not one for each attempt.
    if (!told) log.error({ connection: name, detail: describe(error) }, 'RabbitMQ is not connected; trying again');
    told = true;
  };
  connection.on('disconnect', fail);
  connection.on('connect-failed', fail);
  // Followed by 'disconnect', which reports it; without a listener it would end the process.
  connection.on('error', (error) => log.debug({ connection: name, detail: describe(error) }, 'connection error'));
  return {
    async close() {
      const patience = new AbortController();
      const closed = connection.close().then(() => served);
      await Promise.race([closed, sleep(CLOSE_TIMEOUT_MS, patience.signal)]);
      patience.abort();
    },
  };
}
