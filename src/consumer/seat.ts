import type { Channel } from 'amqplib';
import { describe } from '../core/errors';
import { sleep } from '../core/sleep';
import { createWaker } from '../core/waker';
import type { ConsumerLog } from './options';
import type { Writer } from './writer';

/** How soon after the reader of a queue is gone the next one knows that it is its turn. */
const CALL_MS = 2_000;
/** The connection that writes may come a moment after the one that reads. */
const REPEAT_MS = 100;
const LOOK_MS = 1_000;

/**
 * Resolves when this channel is the one that may read the queue, for as long as it is open.
 *
 * The host's queues know no single active consumer, and quorum queues ignore exclusive ones (seen on RabbitMQ 3.10). So
 * the readers take turns at a queue beside it that does: who waits sends calls there, which reach nobody but the active
 * consumer. Who gets one has the turn.
 */
export async function takeSeat(
  queue: string,
  channel: Channel,
  lost: AbortSignal,
  { writer, log }: { writer: Pick<Writer, 'publish'>; log: ConsumerLog },
): Promise<void> {
  const seat = `${queue}.reader`;
  await channel.assertQueue(seat, {
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-single-active-consumer': true, 'x-max-length': 10 },
  });
  let seated = false;
  const waker = createWaker();
  const receive = (message: object | null) => {
    if (!message) return void leave(channel, log);
    seated = true;
    waker.wake();
  };
  await channel.consume(seat, receive, { noAck: true });
  const call = async (): Promise<boolean> => {
    try {
      await writer.publish(seat, Buffer.alloc(0));
      return true;
    } catch (error) {
      log.debug({ queue: seat, detail: describe(error) }, 'a call was not sent; it is repeated');
      return false;
    }
  };
  for (let standingBy = false; !seated && !lost.aborted;) {
    const called = await call();
    await waker.wait(called ? CALL_MS : REPEAT_MS, lost);
    if (called && !seated && !standingBy) {
      standingBy = true;
      log.info({ queue }, 'another process reads the queue; standing by');
    }
  }
  await untilAlone(queue, channel, lost, log);
}

/** What the last reader held comes back, in order, together with the end of its consumer. So wait for that. */
async function untilAlone(queue: string, channel: Channel, lost: AbortSignal, log: ConsumerLog): Promise<void> {
  for (let looks = 1; !lost.aborted; looks += 1) {
    const { consumerCount } = await channel.checkQueue(queue);
    if (consumerCount === 0) return;
    if (looks === 5) log.warn({ queue, consumerCount }, 'waiting for another program to leave the queue');
    await sleep(LOOK_MS, lost);
  }
  throw new Error('the channel was closed while it waited for its turn');
}

/** Leaves the queue when somebody else reads it as well: between two readers no order can be kept. */
export async function guardSeat(queue: string, channel: Channel, lost: AbortSignal, log: ConsumerLog): Promise<void> {
  while (!lost.aborted) {
    await sleep(CALL_MS, lost);
    if (lost.aborted) return;
    try {
      const { consumerCount } = await channel.checkQueue(queue);
      if (consumerCount <= 1) continue;
      log.error({ queue, consumerCount }, 'another program reads the queue; leaving it, as no order can be kept');
      await leave(channel, log);
    } catch (error) {
      if (!lost.aborted) log.debug({ queue, detail: describe(error) }, 'the queue could not be looked at');
    }
  }
}

async function leave(channel: Channel, log: ConsumerLog): Promise<void> {
  await channel
    .close()
    .catch((error: unknown) => log.debug({ detail: describe(error) }, 'the channel is closed already'));
}
