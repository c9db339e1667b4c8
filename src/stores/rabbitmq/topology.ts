import type { Channel, ChannelModel } from 'amqplib';
import { TaskCancelledError, timeout, TimeoutStrategy } from 'cockatiel';
import { describe, GuardError } from '../../core/errors';
import type { Log } from '../../core/log';

/** One way of a message: exchange -> binding -> queue, in the host's names. */
export interface Route {
  exchange: string;
  queue: string;
  bindingKey: string;
}

const PRECONDITION_FAILED = 406;

/** A queue whose members do not agree never answers; the routes behind it in the turn must not wait for ever. */
const withinLimit = timeout(15_000, TimeoutStrategy.Aggressive);

/**
 * Declares what the host declares (durable topic exchange, durable quorum queue, binding), each route once for each
 * connection, on a channel of its own: a refused declaration closes its channel and must not take publishes with it.
 * What exists with other arguments is used as it stands, with a warning: it can be bound and published to all the same.
 */
export class Topology {
  private readonly declared = new Map<string, Promise<void>>();
  private readonly warned: Set<string>;
  private channel: Promise<Channel> | undefined;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly connection: ChannelModel,
    private readonly log: Log,
    /** Shared by all connections of a process, so that each mismatch is told once. */
    warned: Set<string>,
  ) {
    this.warned = warned;
  }

  /** Resolves when the route stands. A failed declaration is forgotten, so that the next call tries again. */
  ensure(route: Route): Promise<void> {
    const key = keyOf(route);
    const known = this.declared.get(key);
    if (known) return known;
    const declaring = this.inTurn(() => this.declareInTime(route));
    this.declared.set(key, declaring);
    declaring.catch(() => this.declared.delete(key));
    return declaring;
  }

  /** The channel is a new one. */
  forgetAll(): void {
    this.declared.clear();
  }

  /**
   * After a message came back unroutable: somebody deleted a queue or a binding.
   *
   * @param answered when all that is on its way has been answered: what follows that message must come back as well,
   * instead of finding the queue there again and getting in before it.
   */
  forget(route: Route, answered: Promise<void>): void {
    this.declared.delete(keyOf(route));
    void this.inTurn(() => answered);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work, work);
    this.turn = result.catch(() => undefined);
    return result;
  }

  private async declareInTime(route: Route): Promise<void> {
    try {
      await withinLimit.execute(() => this.declare(route));
    } catch (error) {
      if (error instanceof TaskCancelledError) this.abandonChannel();
      throw error;
    }
  }

  /** What it answers late would be taken for the answer to a later question. */
  private abandonChannel(): void {
    this.channel?.then((channel) => channel.close()).catch(() => undefined); // it may be gone already
    this.channel = undefined;
  }

  private async declare({ exchange, queue, bindingKey }: Route): Promise<void> {
    await this.assertOrUse(`exchange ${exchange}`, (channel) =>
      channel.assertExchange(exchange, 'topic', { durable: true, autoDelete: false }),
    );
    await this.assertOrUse(`queue ${queue}`, (channel) =>
      channel.assertQueue(queue, { durable: true, autoDelete: false, arguments: { 'x-queue-type': 'quorum' } }),
    );
    await (await this.open()).bindQueue(queue, exchange, bindingKey);
  }

  private async assertOrUse(what: string, assert: (channel: Channel) => Promise<unknown>): Promise<void> {
    try {
      await assert(await this.open());
    } catch (error) {
      this.channel = undefined; // the broker closed it
      if ((error as { code?: unknown }).code !== PRECONDITION_FAILED) throw error;
      if (this.warned.has(what)) return;
      this.warned.add(what);
      const mismatch = new GuardError('GUARD_QUEUE_MISMATCH', `${what}: ${describe(error)}.`);
      this.log.warn({ code: mismatch.code }, mismatch.message);
    }
  }

  private open(): Promise<Channel> {
    if (this.channel) return this.channel;
    const opening = this.connection.createChannel().then((channel) => {
      // Without a listener an error event would end the process; the failed call reports the error.
      channel.on('error', () => undefined);
      channel.on('close', () => forget());
      return channel;
    });
    const forget = () => {
      if (this.channel === opening) this.channel = undefined; // else its successor is open already
    };
    opening.catch(forget);
    this.channel = opening;
    return opening;
  }
}

const keyOf = ({ exchange, queue, bindingKey }: Route) => `${exchange}\0${queue}\0${bindingKey}`; // no AMQP name holds a NUL
