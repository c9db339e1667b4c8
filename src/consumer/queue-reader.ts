import type { Channel, ChannelModel } from 'amqplib';
import { setMaxListeners } from 'node:events';
import { describe } from '../core/errors';
import { keepOpen, lossOf, type Surroundings } from './channel';
import { identify, type Delivery, type Work } from './delivery';
import { FinishedWindow } from './finished-window';
import { Lanes } from './lanes';

export interface ReaderOptions extends Surroundings {
  queue: string;
  prefetch: number;
  dedupeWindow: number;
  /** Resolves when the queue may be consumed on this channel. */
  prepare(channel: Channel, lost: AbortSignal): Promise<void>;
  /** Called when the queue is consumed. */
  consuming?(channel: Channel, lost: AbortSignal): void;
  work: Work;
}

/** One channel that consumes the queue. */
interface Subscription {
  channel: Channel;
  lost: AbortSignal;
  /** Nothing new is begun with its messages. */
  stopping: AbortController;
  /** The broker has sent something: of a queue with a single active consumer, this is it. */
  active: boolean;
}

interface Held {
  channel: Channel;
  delivery: Delivery;
}

/** Reads one queue: a chat's messages one at a time and in order, each acknowledged after its work. */
export class QueueReader {
  private readonly lanes = new Lanes<Held>((held) => this.settle(held));
  private readonly finished: FinishedWindow;
  private subscription: Subscription | undefined;
  /** Copies that came again after their work was done. */
  duplicates = 0;

  constructor(private readonly options: ReaderOptions) {
    this.finished = new FinishedWindow(options.dedupeWindow);
  }

  get queue(): string {
    return this.options.queue;
  }

  get isActive(): boolean {
    const { subscription } = this;
    return subscription !== undefined && subscription.active && !subscription.lost.aborted;
  }

  /** Works on this connection until `end`. */
  serve(connection: ChannelModel, end: AbortSignal): Promise<void> {
    return keepOpen(this.queue, () => this.subscribe(connection, end), end, this.options);
  }

  /**
   * Gives the queue to the next who waits for it: finishes what is under way and sends the rest back, which then stands
   * in front and in order. Never by cancelling: the next one would be given what stands behind it. Nor by closing the
   * connection: that may overtake acknowledgements (seen with amqplib 2.3).
   */
  async release(): Promise<void> {
    const { subscription } = this;
    subscription?.stopping.abort();
    await this.lanes.idle();
    if (subscription && !subscription.lost.aborted) await this.closeChannel(subscription.channel);
  }

  private async subscribe(connection: ChannelModel, end: AbortSignal): Promise<AbortSignal> {
    const channel = await connection.createChannel();
    const lost = lossOf(channel);
    await this.options.prepare(channel, lost);
    await channel.prefetch(this.options.prefetch);
    const subscription = { channel, lost, stopping: new AbortController(), active: false };
    this.subscription = subscription;
    const stopping = AbortSignal.any([subscription.stopping.signal, lost, end]);
    // As many handlers may listen as messages are under way.
    setMaxListeners(0, lost, stopping);
    lost.addEventListener('abort', () => this.lanes.drop(({ delivery }) => delivery.lost.aborted));
    await channel.consume(this.queue, (message) => {
      // The broker has ended the consumer, as when the queue is deleted.
      if (!message) return void this.closeChannel(channel);
      subscription.active = true;
      const delivery = { message, identity: identify(message), queue: this.queue, stopping, lost };
      this.lanes.add(delivery.identity.lane, { channel, delivery });
    });
    this.options.consuming?.(channel, lost);
    return lost;
  }

  private async settle({ channel, delivery }: Held): Promise<void> {
    try {
      const done = await this.run(delivery);
      if (done && !delivery.lost.aborted) channel.ack(delivery.message);
    } catch (error) {
      this.complain(error);
    }
  }

  /** @returns whether the message may be acknowledged. */
  private async run(delivery: Delivery): Promise<boolean> {
    if (delivery.stopping.aborted) return false;
    const { key } = delivery.identity;
    if (key !== undefined && this.finished.has(key)) {
      this.duplicates += 1;
      return true;
    }
    const done = await this.options.work(delivery);
    // Also where the message is lost by now: the copy that comes again must not be worked on again.
    if (done && key !== undefined) this.finished.add(key);
    return done;
  }

  private async closeChannel(channel: Channel): Promise<void> {
    try {
      await channel.close();
    } catch (error) {
      this.options.log.debug({ queue: this.queue, detail: describe(error) }, 'the channel was closed already');
    }
  }

  private complain(error: unknown): void {
    this.options.log.error({ queue: this.queue, detail: describe(error) }, 'a message could not be settled');
  }
}
