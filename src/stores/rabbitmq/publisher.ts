import type { ConfirmChannel, Options } from 'amqplib';
import type { Clock } from '../../core/clock';
import { describe } from '../../core/errors';

export type RefusalReason = 'nacked' | 'unroutable' | 'too-large' | 'unconfirmed';

const MEANINGS: Record<RefusalReason, string> = {
  nacked: 'the broker refused the message (nack)',
  unroutable: 'no queue was bound for the message',
  'too-large': 'the message is larger than the broker takes (max_message_size)',
  unconfirmed: 'the broker has not confirmed the message in time',
};

/** The broker refused this one message, or keeps silent about it; the channel is fine. */
export class MessageRefused extends Error {
  override readonly name = 'MessageRefused';

  constructor(readonly reason: RefusalReason) {
    super(MEANINGS[reason]);
  }
}

/** The channel went away before the broker answered: the message may or may not have arrived. */
export class ChannelLost extends Error {
  override readonly name = 'ChannelLost';
}

export type MessageProperties = Pick<Options.Publish, 'messageId' | 'timestamp' | 'type' | 'headers'>;

/** What is known of the broker, whatever channel it was learned on. */
export interface BrokerLimits {
  /** Bytes of the largest message that it takes. */
  maxMessageBytes: number;
}

interface Outstanding {
  bytes: number;
  /** On the monotonic clock. */
  since: number;
  refuse: (error: Error) => void;
}

/** amqplib tells a nack from a closed channel by nothing but this text. */
const NACK = 'message nacked';
/** A quorum queue without a majority confirms nothing; its messages must not fill the window for ever. */
const CONFIRM_TIMEOUT_MS = 30_000;
const LOOK_MS = 1_000;
/** RabbitMQ's text with the 406 that closes the channel. */
const TOO_LARGE = /message size \d+ is larger than configured max size (\d+)/;

/** Publishes on one confirm channel, persistent and mandatory, and tells for each message what became of it. */
export class Publisher {
  private readonly returned = new Set<string>();
  /** In the order in which they were published. */
  private readonly outstanding = new Set<Outstanding>();
  private awaiting: { left: Set<Outstanding>; answered: () => void }[] = [];

  constructor(
    private readonly channel: ConfirmChannel,
    private readonly limits: BrokerLimits,
    private readonly clock: Clock,
  ) {
    // The broker sends basic.return before the ack of the same message.
    channel.on('return', ({ fields, properties }) => {
      this.returned.add(keyOf(fields.exchange, fields.routingKey, String(properties.messageId)));
    });
    channel.on('error', (error) => this.learnLimit(describe(error)));
    const looking = setInterval(() => this.giveUpOld(), LOOK_MS).unref();
    channel.on('close', () => clearInterval(looking));
  }

  /**
   * Resolves when the broker has confirmed the message.
   *
   * @throws MessageRefused, ChannelLost
   */
  publish(exchange: string, routingKey: string, body: Buffer, properties: MessageProperties): Promise<void> {
    if (body.length > this.limits.maxMessageBytes) return Promise.reject(new MessageRefused('too-large'));
    const options = { ...properties, persistent: true, mandatory: true };
    return new Promise<void>((resolve, reject) => {
      const message = { bytes: body.length, since: this.clock.monotonic(), refuse: reject };
      this.outstanding.add(message);
      try {
        this.channel.publish(exchange, routingKey, body, options, (error: unknown) => {
          this.landed(message);
          const unroutable =
            this.returned.size > 0 && this.returned.delete(keyOf(exchange, routingKey, String(properties.messageId)));
          if (!error) return unroutable ? reject(new MessageRefused('unroutable')) : resolve();
          const text = describe(error);
          reject(text === NACK ? new MessageRefused('nacked') : new ChannelLost(text));
        });
      } catch (error) {
        // A publish on a closed channel throws at once instead of calling back.
        this.landed(message);
        reject(new ChannelLost(describe(error), { cause: error }));
      }
    });
  }

  /** Resolves when everything that is on its way now has been answered, or given up. */
  answered(): Promise<void> {
    if (this.outstanding.size === 0) return Promise.resolve();
    return new Promise((answered) => this.awaiting.push({ left: new Set(this.outstanding), answered }));
  }

  /** The broker had stopped reading: what it has not confirmed gets its time anew. */
  restartTimeouts(): void {
    for (const message of this.outstanding) message.since = this.clock.monotonic();
  }

  private landed(message: Outstanding): void {
    this.outstanding.delete(message);
    if (this.awaiting.length === 0) return;
    this.awaiting = this.awaiting.filter(({ left, answered }) => {
      left.delete(message);
      if (left.size === 0) answered();
      return left.size > 0;
    });
  }

  private giveUpOld(): void {
    const oldest = this.clock.monotonic() - CONFIRM_TIMEOUT_MS;
    for (const message of this.outstanding) {
      if (message.since > oldest) return;
      this.landed(message);
      message.refuse(new MessageRefused('unconfirmed'));
    }
  }

  /** One message that is too large costs all that is under way on the channel: so it must not happen twice. */
  private learnLimit(text: string): void {
    const limit = Number(TOO_LARGE.exec(text)?.[1] ?? NaN);
    if (Number.isNaN(limit)) return;
    this.limits.maxMessageBytes = limit;
    for (const { bytes, refuse } of this.outstanding) if (bytes > limit) refuse(new MessageRefused('too-large'));
  }
}

function keyOf(exchange: string, routingKey: string, messageId: string): string {
  return JSON.stringify([exchange, routingKey, messageId]);
}
