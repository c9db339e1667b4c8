import { connect } from 'amqplib';
import type { Clock } from '../../core/clock';
import { describe, GuardError } from '../../core/errors';
import { parseAddress } from './address';
import { Publisher, type MessageProperties } from './publisher';

export interface QueueSenderOptions {
  /** Undefined: there is no broker to ask. */
  uri: string | undefined;
  frameMax: number;
  queue: string;
  clock: Clock;
}

/** Puts messages straight into one queue that is there already. */
export interface QueueSender {
  /** Resolves when the broker has confirmed the message. @throws GuardError GUARD_BROKER_UNREACHABLE */
  send(body: Buffer, properties: MessageProperties): Promise<void>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
const NOT_FOUND = 404;

/** @throws GuardError GUARD_BROKER_UNREACHABLE, GUARD_QUEUE_UNKNOWN */
export async function openQueueSender({ uri, frameMax, queue, clock }: QueueSenderOptions): Promise<QueueSender> {
  if (!uri) throw new GuardError('GUARD_BROKER_UNREACHABLE', 'RABBITMQ_URI is not set.');
  const connection = await connect(parseAddress(uri, frameMax), { timeout: CONNECT_TIMEOUT_MS, noDelay: true }).catch(
    (error: unknown) => Promise.reject(new GuardError('GUARD_BROKER_UNREACHABLE', `${describe(error)}.`)),
  );
  // What fails by a connection that is lost says so itself; without a listener the event would end the process.
  connection.on('error', () => undefined);
  try {
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => undefined);
    await channel.checkQueue(queue);
    const publisher = new Publisher(channel, { maxMessageBytes: Infinity }, clock);
    return {
      send: (body, properties) => publisher.publish('', queue, body, properties).catch(refuse),
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close().catch(() => undefined); // it may be what failed
    const unknown = (error as { code?: unknown }).code === NOT_FOUND;
    throw new GuardError(unknown ? 'GUARD_QUEUE_UNKNOWN' : 'GUARD_BROKER_UNREACHABLE', `${describe(error)}.`);
  }
}

function refuse(error: unknown): never {
  throw new GuardError('GUARD_BROKER_UNREACHABLE', `${describe(error)}.`, { cause: error });
}
