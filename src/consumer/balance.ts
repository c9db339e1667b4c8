import type { Channel, ChannelModel } from 'amqplib';
import { describe } from '../core/errors';
import { sleep } from '../core/sleep';
import { keepOpen, lossOf, type Surroundings } from './channel';
import type { QueueReader } from './queue-reader';

const LOOK_MS = 5_000;

/**
 * Leaves to other processes their share of the partitions: the broker has the first process that comes be the active
 * consumer of all of them, for as long as it stays.
 *
 * The processes are counted by a queue into which nothing is ever put and which each of them consumes: of a queue with a
 * single active consumer RabbitMQ counts but that one (seen on 3.10).
 */
export function keepBalanced(
  queue: string,
  readers: readonly QueueReader[],
  connection: ChannelModel,
  end: AbortSignal,
  surroundings: Surroundings,
): Promise<void> {
  const open = async () => {
    const channel = await connection.createChannel();
    const lost = lossOf(channel);
    const members = `${queue}.members`;
    await channel.assertQueue(members, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    await channel.consume(members, () => undefined, { noAck: true });
    void watch(readers, channel, members, AbortSignal.any([lost, end]), surroundings);
    return lost;
  };
  return keepOpen('balance', open, end, surroundings);
}

async function watch(
  readers: readonly QueueReader[],
  channel: Channel,
  members: string,
  stop: AbortSignal,
  { log, random }: Surroundings,
): Promise<void> {
  while (!stop.aborted) {
    await sleep(LOOK_MS * (0.75 + random() / 2), stop);
    if (stop.aborted) return;
    try {
      const { consumerCount } = await channel.checkQueue(members);
      await releaseSurplus(readers, consumerCount);
    } catch (error) {
      log.debug({ detail: describe(error) }, 'the share of partitions could not be looked at');
    }
  }
}

async function releaseSurplus(readers: readonly QueueReader[], processes: number): Promise<void> {
  const share = Math.ceil(readers.length / Math.max(1, processes));
  const held = readers.filter((reader) => reader.isActive);
  await Promise.all(held.slice(share).map((reader) => reader.release()));
}
