import { connect } from 'amqplib';

/** Takes everything out of a queue, and returns the id of each message that the events tell of, in their order. */
export async function drainQueue(brokerUrl: string, queue: string): Promise<string[]> {
  const connection = await connect(brokerUrl, { noDelay: true });
  try {
    const channel = await connection.createChannel();
    let closed: Error | undefined;
    channel.on('error', (error: Error) => (closed = error));
    const ids: string[] = [];
    try {
      for (let message = await channel.get(queue); message; message = await channel.get(queue)) {
        ids.push(messageIdIn(message.content));
        channel.ack(message);
      }
    } catch (error) {
      // Nobody has made the queue yet: nothing has arrived.
      if ((closed as { code?: number } | undefined)?.code === 404) return [];
      throw error;
    }
    await channel.close();
    return ids;
  } finally {
    await connection.close();
  }
}

function messageIdIn(content: Buffer): string {
  const event = JSON.parse(content.toString()) as { data: { key: { id: string } } };
  return event.data.key.id;
}
