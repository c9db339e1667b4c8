import { connect, type ChannelModel, type ConsumeMessage } from 'amqplib';
import type { Arrivals } from './arrivals';
import { readNumbered } from './numbered-event';

/** Reads the queue and acknowledges what it has read; comes back by itself when the broker does. */
export async function consumeQueue(brokerUrl: string, queue: string, arrivals: Arrivals): Promise<() => Promise<void>> {
  const take = (message: ConsumeMessage) => {
    const { properties, fields, content } = message;
    const id = String(properties.messageId);
    arrivals.take({ ...readNumbered(content.toString()), id, redelivered: fields.redelivered });
  };
  const connection = await connect(brokerUrl, {
    noDelay: true,
    recovery: {
      maxDelay: 500,
      async setup(model: ChannelModel) {
        const channel = await model.createChannel();
        // What happens to the channel happens to the connection as well, which comes back by itself.
        channel.on('error', () => undefined);
        model.on('error', () => undefined);
        await channel.prefetch(500);
        await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
        await channel.consume(queue, (message) => {
          if (!message) return;
          take(message);
          channel.ack(message);
        });
      },
    },
  });
  connection.on('error', () => undefined);
  return () => connection.close();
}
