import { connect, type ChannelModel, type ConsumeMessage } from 'amqplib';
import { EventEmitter, once } from 'node:events';

export interface Received {
  messageId: string;
  queue: string;
  chat: string;
  sequence: number;
  message: ConsumeMessage;
  body: { event: string; instance: string; data: Record<string, unknown> };
}

export interface QueueReader {
  readonly received: Received[];
  /** Resolves when the condition holds; asked again after every message. */
  until(condition: (received: Received[]) => boolean): Promise<void>;
  close(): Promise<void>;
}

/** Consumes quorum queues, which are declared as the host declares them; comes back by itself when the broker does. */
export async function readQueues(url: string, queues: readonly string[]): Promise<QueueReader> {
  const received: Received[] = [];
  const arrivals = new EventEmitter();
  const connection = await connect(url, {
    recovery: {
      maxDelay: 500,
      async setup(model: ChannelModel) {
        const channel = await model.createChannel();
        channel.on('error', () => undefined);
        model.on('error', () => undefined);
        await channel.prefetch(500);
        for (const queue of queues) {
          await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
          await channel.consume(queue, (message) => {
            if (!message) return;
            received.push(toReceived(queue, message));
            channel.ack(message);
            arrivals.emit('message');
          });
        }
      },
    },
  });
  connection.on('error', () => undefined);
  return {
    received,
    async until(condition) {
      while (!condition(received)) await once(arrivals, 'message');
    },
    close: () => connection.close(),
  };
}

function toReceived(queue: string, message: ConsumeMessage): Received {
  const headers = message.properties.headers ?? {};
  return {
    messageId: String(message.properties.messageId),
    queue,
    chat: String(headers['guard-chat']),
    sequence: Number(headers['guard-chat-sequence']),
    message,
    body: JSON.parse(message.content.toString()) as Received['body'],
  };
}

/** Counts, by the number that each event carries in its data, what became of events 0 to `sent` - 1. */
export function assess(sent: number, received: readonly Pick<Received, 'messageId' | 'chat' | 'body'>[]) {
  const firsts = new Map<string, (typeof received)[number]>();
  for (const item of received) if (!firsts.has(item.messageId)) firsts.set(item.messageId, item);
  const numbers = new Set([...firsts.values()].map(({ body }) => Number(body.data.number)));
  const last = new Map<string, number>();
  let outOfOrder = 0;
  for (const { chat, body } of firsts.values()) {
    const number = Number(body.data.number);
    if (number < (last.get(chat) ?? -1)) outOfOrder += 1;
    last.set(chat, Math.max(number, last.get(chat) ?? -1));
  }
  return { lost: sent - numbers.size, duplicated: received.length - firsts.size, outOfOrder };
}
