import type { ChannelModel, ConsumeMessage } from 'amqplib';
import { backoffMs } from '../core/backoff';
import { describe } from '../core/errors';
import { sleep } from '../core/sleep';
import { ChannelLost, MessageRefused, Publisher } from '../stores/rabbitmq/publisher';
import { keepOpen, lossOf, type Surroundings } from './channel';
import type { Delivery } from './delivery';

const MOST_DELAY_MS = 5_000;
/** A queue that has refused a message this often, for some seconds, is full or gone: somebody should look. */
const TELLING_ATTEMPT = 5;

/**
 * Publishes straight into queues, with confirms. On a connection of its own: a broker that is short of memory or disk
 * stops reading from connections that publish, and must go on receiving the acknowledgements that relieve it.
 */
export class Writer {
  private publisher: Publisher | undefined;
  /** The broker is short of memory or disk. What is published meanwhile would only pile up on this side. */
  private blocked = false;
  private readonly limits = { maxMessageBytes: Infinity };

  constructor(private readonly surroundings: Surroundings) {}

  /** Works on this connection until `end`. */
  serve(connection: ChannelModel, end: AbortSignal): Promise<void> {
    this.blocked = false;
    connection.on('blocked', (reason) => {
      this.blocked = true;
      this.surroundings.log.warn({ detail: reason }, 'RabbitMQ is short of memory or disk, and takes no messages');
    });
    connection.on('unblocked', () => {
      this.blocked = false;
      this.surroundings.log.info({}, 'RabbitMQ takes messages again');
      this.publisher?.restartTimeouts();
    });
    return keepOpen('writing', () => this.open(connection), end, this.surroundings);
  }

  /** @throws MessageRefused, ChannelLost */
  async publish(queue: string, body: Buffer, properties: Parameters<Publisher['publish']>[3] = {}): Promise<void> {
    if (!this.publisher || this.blocked) throw new ChannelLost('RabbitMQ takes no messages');
    await this.publisher.publish('', queue, body, properties);
  }

  /** Moves a message into a queue, trying until the broker confirms it. @returns whether it has, before `stopping`. */
  async move({ message, identity, stopping }: Delivery, queue: string, headers: object = {}): Promise<boolean> {
    const { log, random } = this.surroundings;
    const { timestamp, type } = message.properties as { timestamp?: number; type?: string };
    const properties = {
      ...(identity.messageId !== undefined && { messageId: identity.messageId }),
      ...(timestamp !== undefined && { timestamp }),
      ...(type !== undefined && { type }),
      headers: { ...ownHeaders(message), ...headers },
    };
    for (let attempt = 0; !stopping.aborted; attempt += 1) {
      try {
        await this.publish(queue, message.content, properties);
        return true;
      } catch (error) {
        const level = error instanceof MessageRefused && attempt === TELLING_ATTEMPT ? 'warn' : 'debug';
        log[level]({ queue, messageId: identity.messageId, detail: describe(error) }, 'a message is published again');
      }
      await sleep(backoffMs(attempt, random, 100, MOST_DELAY_MS), stopping);
    }
    return false;
  }

  private async open(connection: ChannelModel): Promise<AbortSignal> {
    const channel = await connection.createConfirmChannel();
    const lost = lossOf(channel);
    const publisher = new Publisher(channel, this.limits, this.surroundings.clock);
    this.publisher = publisher;
    lost.addEventListener('abort', () => {
      if (this.publisher === publisher) this.publisher = undefined;
    });
    return lost;
  }
}

/** Without those of the broker (`x-delivery-count`, `x-death`), which tell of the queue that the message leaves. */
function ownHeaders(message: ConsumeMessage): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(message.properties.headers ?? {}).filter(([name]) => !name.startsWith('x-')),
  );
}
