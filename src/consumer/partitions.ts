import type { Channel } from 'amqplib';
import { createHash } from 'node:crypto';
import type { Work } from './delivery';
import type { Writer } from './writer';

/**
 * How often a message may be given back. The handler's attempts do not count, but all that is held by a process that ends
 * does: low as RabbitMQ 4 has it (20), a process that cannot start its work would soon set aside events without fault.
 */
const DELIVERY_LIMIT = 100;

/** The number is in the names: with another one each chat has another place, and old queues must run empty first. */
export function partitionQueues(queue: string, partitions: number): string[] {
  return Array.from({ length: partitions }, (_, index) => `${queue}.part.${index}of${partitions}`);
}

/** An event that ends every process that works on it is moved to the dead letters by the broker. */
export async function declarePartition(channel: Channel, queue: string, deadLetterQueue: string): Promise<void> {
  await channel.assertQueue(queue, {
    durable: true,
    arguments: {
      'x-queue-type': 'quorum',
      'x-single-active-consumer': true,
      'x-delivery-limit': DELIVERY_LIMIT,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': deadLetterQueue,
      // Confirmed by the dead letter queue before it leaves; the broker asks for this overflow with it.
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
    },
  });
}

/**
 * Moves every message to the partition of its chat. Of a chat the next one is published when the last one is confirmed:
 * one that the broker refuses would else stand behind its successors. A message may get there twice, under one id.
 */
export function createSplitWork(queues: readonly string[], writer: Pick<Writer, 'move'>): Work {
  return (delivery) => {
    const place = createHash('sha1').update(delivery.identity.lane).digest().readUInt32BE(0) % queues.length;
    return writer.move(delivery, queues[place] as string);
  };
}
