import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'amqplib';
import { randomUUID } from 'node:crypto';
import { consumeEvents, type ConsumerOptions, type EventConsumer } from '../../src';
import { createVhost } from '../helpers/services';
import { bodyOf, chatName, event, events, gate, numbersByChat, Recorder, rises, TestQueue } from './consumer-rig';

describe('a consumer with partition queues', () => {
  let url: string;
  let queue: TestQueue;
  let consumers: EventConsumer[] = [];

  beforeAll(async () => {
    url = await createVhost();
  });

  afterEach(async () => {
    await Promise.all(consumers.map((consumer) => consumer.close()));
    consumers = [];
    await queue.close();
  });

  async function start(recorder: Recorder, options: Partial<ConsumerOptions> = {}): Promise<EventConsumer> {
    const consumer = await consumeEvents({ ...recorder.options(url, queue.name), partitions: 4, ...options });
    consumers.push(consumer);
    return consumer;
  }

  /** Polls on channels of their own: the broker closes the one that asked for a queue which is not there. */
  async function untilDeclared(name: string): Promise<void> {
    const connection = await connect(url);
    for (let found = false; !found;) {
      const channel = await connection.createChannel();
      channel.on('error', () => undefined);
      found = await channel.checkQueue(name).then(
        () => true,
        () => false,
      );
    }
    await connection.close();
  }

  const partition = (index: number) => `${queue.name}.part.${index}of4`;

  it('hands over every event once, with all that is known of it, each chat in order', async () => {
    queue = await TestQueue.open(url);
    const sent = events(400, 20);
    await queue.publish(...sent);
    const recorder = new Recorder(async ({ number }, { instance, chatSequence, emittedAt }) => {
      if (instance !== 'shop' || chatSequence === undefined || !emittedAt) throw new Error('something got lost');
      await new Promise((resolve) => setTimeout(resolve, number % 4));
    });
    const consumer = await start(recorder);
    await recorder.until(() => recorder.done.length === 400);
    expect(new Set(recorder.done.map(({ id }) => id))).toEqual(new Set(sent.map(({ id }) => id)));
    expect([...numbersByChat(recorder.begun).values()].every(rises)).toBe(true);
    expect(recorder.mostInChat).toBe(1);
    expect(consumer.counts).toEqual({ handled: 400, failedAttempts: 0, duplicates: 0, deadLettered: 0 });
    for (const index of [0, 1, 2, 3]) await queue.untilWaiting(0, partition(index));
  });

  it('shares the partitions with a process that comes later, and no chat is worked on by both', async () => {
    queue = await TestQueue.open(url);
    const both = new Recorder(() => new Promise((resolve) => setTimeout(resolve, 2)));
    const done = [0, 0] as [number, number];
    const process = (which: 0 | 1) =>
      start(both, {
        async handler(body, context) {
          await both.handler(body, context);
          done[which] += 1;
        },
      });
    let published = 0;
    /** Bursts, so that of every chat something waits behind what is under way. */
    const burst = async () => {
      const sent = Array.from({ length: 60 }, (_, index) => event(chatName(index % 20), published + index));
      published += sent.length;
      await queue.publish(...sent);
    };
    await process(0);
    await burst();
    await both.until(() => done[0] === 60);
    await process(1);
    while (done[1] < 200) await burst();
    const before = done[0];
    while (done[0] < before + 200) await burst();
    await both.until(() => both.done.length >= published);
    expect(both.begun).toHaveLength(published);
    expect([...numbersByChat(both.begun).values()].every(rises)).toBe(true);
    expect(both.mostInChat).toBe(1);
  });

  it('leaves out what a process published twice that was killed before it could acknowledge', async () => {
    queue = await TestQueue.open(url);
    const consumer = await start(new Recorder());
    await Promise.all([0, 1, 2, 3].map((index) => untilDeclared(partition(index))));
    await consumer.close();
    const [one, two, three] = [event(chatName(1), 1), event(chatName(1), 2), event(chatName(1), 3)];
    await queue.publishTo(partition(3), one, two, one, two, three);
    const recorder = new Recorder();
    const successor = await start(recorder);
    await recorder.until(() => recorder.done.length === 3);
    expect(recorder.begun.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(successor.counts.duplicates).toBe(2);
  });

  it('has the broker move an event to the dead letters that ends every process which works on it', async () => {
    queue = await TestQueue.open(url);
    const poison = event(chatName(1), 1);
    const recorder = new Recorder();
    const consumer = await start(recorder);
    const name = partition(2);
    await untilDeclared(name);
    await consumer.close();
    await queue.publishTo(name, poison);
    for (let deaths = 0; deaths < 101; deaths += 1) {
      const connection = await connect(url);
      const channel = await connection.createChannel();
      const delivered = gate();
      await channel.consume(name, delivered.open);
      await delivered.opened;
      await connection.close();
    }
    const dead = await queue.take(`${queue.name}.dead`);
    expect(dead.properties.messageId).toBe(poison.id);
    expect(dead.properties.headers).toMatchObject({
      'x-first-death-reason': 'delivery_limit',
      'x-first-death-queue': name,
    });
  });

  it('reads the messages of a host that is not guarded in the order of the queue', async () => {
    queue = await TestQueue.open(url);
    for (let number = 0; number < 30; number += 1) {
      await queue.publishBare(JSON.stringify(bodyOf({ chat: chatName(number), number })));
    }
    const recorder = new Recorder();
    await start(recorder);
    await recorder.until(() => recorder.done.length === 30);
    expect(recorder.done.map(({ number }) => number)).toEqual(Array.from({ length: 30 }, (_, number) => number));
  });

  it('refuses a partition queue that was declared without single active consumer', async () => {
    queue = await TestQueue.open(url, `shop-${randomUUID()}.plain`);
    await TestQueue.open(url, partition(1)).then((plain) => plain.close());
    const recorder = new Recorder();
    await start(recorder);
    await recorder.untilLogged('a channel to RabbitMQ is opened again');
    const details = recorder.log.lines.map(({ fields }) => JSON.stringify(fields));
    expect(details.join()).toContain('PRECONDITION_FAILED');
    expect((await queue.channel.checkQueue(partition(1))).consumerCount).toBe(0);
  });
});
