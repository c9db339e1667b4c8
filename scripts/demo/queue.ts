import { connect, type Channel } from 'amqplib';
import { messageIdIn } from './message-id';

/** The queue in which the sends of one instance arrive. It is the host that declares it, never we. */
export class SendsQueue {
  constructor(
    private readonly brokerUrl: string,
    private readonly instance: string,
  ) {}

  /** Takes everything out, and returns the id of each message that the events tell of, in their order. */
  drain(): Promise<string[]> {
    return this.withChannel(async (channel) => {
      const ids: string[] = [];
      try {
        for (;;) {
          const message = await channel.get(this.name, { noAck: true });
          if (!message) return ids;
          ids.push(messageIdIn(JSON.parse(message.content.toString())));
        }
      } catch (error) {
        if ((error as { code?: number }).code === 404) return []; // nothing has arrived yet
        throw error;
      }
    });
  }

  /** Leaves nothing behind on a broker that is not ours. */
  async remove(): Promise<void> {
    await this.withChannel(async (channel) => {
      await channel.deleteQueue(this.name);
      await channel.deleteExchange(this.instance);
    });
  }

  private get name(): string {
    return `${this.instance}.send.message`;
  }

  private async withChannel<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
    const connection = await connect(this.brokerUrl, { noDelay: true });
    try {
      const channel = await connection.createChannel();
      channel.on('error', () => undefined); // rejects what is under way as well
      return await work(channel);
    } finally {
      await connection.close();
    }
  }
}
