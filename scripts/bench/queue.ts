import { connect, type Channel, type ChannelModel } from 'amqplib';
import { setTimeout as sleep } from 'node:timers/promises';
import { EVENT, EXCHANGE, QUEUE } from './event';

const DURABLE = { durable: true, autoDelete: false };
export const QUORUM = { ...DURABLE, arguments: { 'x-queue-type': 'quorum' } };
const LOOK_MS = 20;

/** The one queue of a contender, watched over a connection of its own. */
export class BenchQueue {
  private constructor(
    private readonly connection: ChannelModel,
    private readonly channel: Channel,
  ) {}

  /** Empty, and bound as the host binds it. */
  static async create(brokerUrl: string): Promise<BenchQueue> {
    const connection = await connect(brokerUrl);
    const channel = await connection.createChannel();
    await channel.deleteQueue(QUEUE);
    await channel.assertExchange(EXCHANGE, 'topic', DURABLE);
    await channel.assertQueue(QUEUE, QUORUM);
    await channel.bindQueue(QUEUE, EXCHANGE, EVENT);
    return new BenchQueue(connection, channel);
  }

  async length(): Promise<number> {
    return (await this.channel.checkQueue(QUEUE)).messageCount;
  }

  /** Resolves at that length; rejects if the queue did not grow for ten seconds. */
  async holds(total: number): Promise<void> {
    let last = -1;
    let since = performance.now();
    for (;;) {
      const length = await this.length();
      if (length >= total) return;
      if (length !== last) [last, since] = [length, performance.now()];
      if (performance.now() - since > 10_000) throw new Error(`the queue holds ${length} of ${total} events`);
      await sleep(LOOK_MS);
    }
  }

  async consume(take: (body: Buffer) => void): Promise<void> {
    await this.channel.prefetch(500);
    await this.channel.consume(QUEUE, (message) => {
      if (!message) return;
      take(message.content);
      this.channel.ack(message);
    });
  }

  async close(): Promise<void> {
    await this.channel.deleteQueue(QUEUE);
    await this.connection.close();
  }
}
