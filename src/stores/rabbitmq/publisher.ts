import type { ConfirmChannel, Options } from 'amqplib';
import { describe } from '../../core/errors';

/** The broker refused this one message, or it came back; the channel is fine. */
export class MessageRefused extends Error {
  override readonly name = 'MessageRefused';

  constructor(readonly reason: 'nacked' | 'unroutable') {
    super(reason === 'nacked' ? 'the broker refused the message (nack)' : 'no queue was bound for the message');
  }
}

/** The channel went away before the broker answered: the message may or may not have arrived. */
export class ChannelLost extends Error {
  override readonly name = 'ChannelLost';
}

export type MessageProperties = Pick<Options.Publish, 'messageId' | 'timestamp' | 'type' | 'headers'>;

/** amqplib tells a nack from a closed channel by nothing but this text. */
const NACK = 'message nacked';

/** Publishes on one confirm channel, persistent and mandatory, and tells for each message what became of it. */
export class Publisher {
  private readonly returned = new Set<string>();

  constructor(private readonly channel: ConfirmChannel) {
    // The broker sends basic.return before the ack of the same message.
    channel.on('return', ({ fields, properties }) => {
      this.returned.add(keyOf(fields.exchange, fields.routingKey, String(properties.messageId)));
    });
  }

  /**
   * Resolves when the broker has confirmed the message.
   *
   * @throws MessageRefused, ChannelLost
   */
  publish(exchange: string, routingKey: string, body: Buffer, properties: MessageProperties): Promise<void> {
    const options = { ...properties, persistent: true, mandatory: true };
    return new Promise<void>((resolve, reject) => {
      this.channel.publish(exchange, routingKey, body, options, (error: unknown) => {
        const unroutable = this.returned.delete(keyOf(exchange, routingKey, String(properties.messageId)));
        if (!error) return unroutable ? reject(new MessageRefused('unroutable')) : resolve();
        const text = describe(error);
        reject(text === NACK ? new MessageRefused('nacked') : new ChannelLost(text));
      });
    }).catch((error: unknown) => {
      // A publish on a closed channel throws at once instead of calling back.
      throw error instanceof MessageRefused ? error : new ChannelLost(describe(error), { cause: error });
    });
  }
}

function keyOf(exchange: string, routingKey: string, messageId: string): string {
  return JSON.stringify([exchange, routingKey, messageId]);
}
