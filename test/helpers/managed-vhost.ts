import { connect, type ConfirmChannel } from 'amqplib';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ManagedRabbitmq } from './services';

/** A virtual host of its own on a broker with the management plugin. */
export interface ManagedVhost {
  name: string;
  /** As the host has it in its .env. */
  environment: Record<string, string>;
  channel: ConfirmChannel;
  /** Declares a queue as the host does. */
  declare(...queues: string[]): Promise<void>;
  /** Publishes straight to a queue, with the text as id; false where the broker refused the message (nack). */
  publish(queue: string, text: string): Promise<boolean>;
  /** Messages in a queue, at once. */
  count(queue: string): Promise<number>;
  /** Resolves when the queue holds so many; only the broker knows, so it is asked again and again. */
  untilCount(queue: string, count: number): Promise<void>;
  close(): Promise<void>;
}

export async function createManagedVhost(broker: ManagedRabbitmq, name: string): Promise<ManagedVhost> {
  await broker.ctl(['add_vhost', name]);
  await broker.ctl(['set_permissions', '--vhost', name, 'guest', '.*', '.*', '.*']);
  const uri = `${broker.url}/${name}`;
  const connection = await connect(uri);
  const channel = await connection.createConfirmChannel();
  const count = async (queue: string) => (await channel.checkQueue(queue)).messageCount;
  return {
    name,
    environment: { RABBITMQ_ENABLED: 'true', RABBITMQ_URI: uri, GUARD_RABBITMQ_MANAGEMENT_URL: broker.managementUrl },
    channel,
    async declare(...queues) {
      const durable = { durable: true, arguments: { 'x-queue-type': 'quorum' } };
      for (const queue of queues) await channel.assertQueue(queue, durable);
    },
    publish: (queue, text) =>
      new Promise((resolve) => {
        channel.sendToQueue(queue, Buffer.from(text), { persistent: true, messageId: text }, (error: unknown) =>
          resolve(!error),
        );
      }),
    count,
    async untilCount(queue, wanted) {
      while ((await count(queue)) !== wanted) await sleep(50);
    },
    close: () => connection.close(),
  };
}
