import { connect } from 'amqplib';
import { EVENT, EXCHANGE } from './event';

export interface ConfirmingPublisher {
  /** Resolves when the broker has confirmed the message. */
  publish(payload: string): Promise<void>;
  close(): Promise<void>;
}

/** What all contenders but guard and stock publish with: persistent, each message confirmed. */
export async function confirmingPublisher(brokerUrl: string): Promise<ConfirmingPublisher> {
  const connection = await connect(brokerUrl, { noDelay: true });
  const channel = await connection.createConfirmChannel();
  const options = { persistent: true, mandatory: true };
  return {
    publish: (payload) =>
      new Promise((resolve, reject) => {
        channel.publish(EXCHANGE, EVENT, Buffer.from(payload), options, (error: unknown) => {
          if (error) reject(error instanceof Error ? error : new Error('the broker refused the message'));
          else resolve();
        });
      }),
    close: () => connection.close(),
  };
}
