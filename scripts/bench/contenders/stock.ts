import * as amqp from 'amqplib/callback_api';
import { promisify } from 'node:util';
import type { Contender, Stage } from '../contender';
import { payloadOf, EVENT, EXCHANGE, QUEUE } from '../event';
import { QUORUM } from '../queue';
import { SettingsTable } from '../settings-row';

/**
 * What EvolutionAPI 2.3 does for each event: reads the settings of the instance, declares exchange, queue and binding,
 * and publishes without waiting for any answer. It promises nothing, so it is measured until the queue has them all.
 */
export async function startStock({ databaseUrl, brokerUrl, queue }: Stage): Promise<Contender> {
  const settings = await SettingsTable.create(databaseUrl);
  const open = promisify((url: string, done: (error: unknown, connection: amqp.Connection) => void) =>
    amqp.connect(url, done),
  );
  const connection = await open(brokerUrl);
  const channel = await promisify((done: (error: unknown, channel: amqp.Channel) => void) =>
    connection.createChannel(done),
  )();
  return {
    batch: 1,
    outstanding: 500,
    async put(events) {
      for (const event of events) {
        const own = await settings.read(event.instanceName);
        if (!own?.enabled || !own.events.includes('SEND_MESSAGE')) continue;
        channel.assertExchange(EXCHANGE, 'topic', { durable: true, autoDelete: false });
        channel.assertQueue(QUEUE, QUORUM);
        channel.bindQueue(QUEUE, EXCHANGE, EVENT);
        channel.publish(EXCHANGE, EVENT, Buffer.from(payloadOf(event)));
      }
    },
    finished: (total) => queue.holds(total),
    async stop() {
      await promisify((done: (error: unknown) => void) => connection.close(done))();
      await settings.close();
    },
  };
}
