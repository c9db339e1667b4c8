import type { Channel } from 'amqplib';
import type { Surroundings } from './channel';
import type { Work } from './delivery';
import type { CheckedOptions } from './options';
import { declarePartition } from './partitions';
import { QueueReader } from './queue-reader';
import { guardSeat, takeSeat } from './seat';
import type { Writer } from './writer';

/** As the host declares its queues. */
const QUORUM = { durable: true, arguments: { 'x-queue-type': 'quorum' } };

/** Reads the queue that the options name, in turn with other processes. */
export function createSourceReader(
  { queue, bind, deadLetterQueue, dedupeWindow }: CheckedOptions,
  prefetch: number,
  work: Work,
  writer: Writer,
  surroundings: Surroundings,
): QueueReader {
  const { log } = surroundings;
  return new QueueReader({
    ...surroundings,
    queue,
    prefetch,
    dedupeWindow,
    work,
    async prepare(channel, lost) {
      await channel.assertQueue(deadLetterQueue, QUORUM);
      if (bind) await declareBound(channel, queue, bind);
      await takeSeat(queue, channel, lost, { writer, log });
    },
    consuming(channel, lost) {
      log.info({ queue }, 'reading the queue');
      void guardSeat(queue, channel, lost, log);
    },
  });
}

/** Reads one partition queue, which the broker gives to one of all that consume it. */
export function createPartitionReader(
  queue: string,
  { deadLetterQueue, dedupeWindow, prefetch }: CheckedOptions,
  work: Work,
  surroundings: Surroundings,
): QueueReader {
  return new QueueReader({
    ...surroundings,
    queue,
    prefetch,
    dedupeWindow,
    work,
    async prepare(channel) {
      await channel.assertQueue(deadLetterQueue, QUORUM);
      await declarePartition(channel, queue, deadLetterQueue);
    },
  });
}

async function declareBound(channel: Channel, queue: string, bind: NonNullable<CheckedOptions['bind']>): Promise<void> {
  await channel.assertQueue(queue, QUORUM);
  for (const key of bind.routingKeys) await channel.bindQueue(queue, bind.exchange, key);
}
