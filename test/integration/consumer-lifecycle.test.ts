import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { consumeEvents, type ConsumerOptions, type EventConsumer } from '../../src';
import { createVhost } from '../helpers/services';
import { event, events, gate, numbersByChat, Recorder, rises, startDoor, TestQueue } from './consumer-rig';

const ANA = '5511900000001@s.whatsapp.net';
const BEA = '5511900000002@s.whatsapp.net';
const ROOT = join(__dirname, '../..');

describe('the life of a consumer', () => {
  let url: string;
  let queue: TestQueue;
  let consumers: EventConsumer[] = [];

  beforeAll(async () => {
    url = await createVhost();
  });

  afterEach(async () => {
    await Promise.all(consumers.map((consumer) => consumer.close(0)));
    consumers = [];
    await queue.close();
  });

  async function start(recorder: Recorder, options: Partial<ConsumerOptions> = {}): Promise<EventConsumer> {
    const consumer = await consumeEvents({ ...recorder.options(url, queue.name), ...options });
    consumers.push(consumer);
    return consumer;
  }

  it('does not run work a second time that was under way when the connection was lost', async () => {
    queue = await TestQueue.open(url);
    const door = await startDoor(url);
    const work = gate();
    const signals: AbortSignal[] = [];
    const recorder = new Recorder(({ chat }, { signal }) => {
      signals.push(signal);
      return chat === ANA ? work.opened : undefined;
    });
    await queue.publish(event(ANA, 1), event(ANA, 2));
    const consumer = await start(recorder, { url: door.url });
    await recorder.until(() => recorder.begun.length === 1);
    expect(signals[0]?.aborted).toBe(false);
    door.cut();
    await queue.publish(event(BEA, 1));
    await recorder.until(() => recorder.done.length === 1); // connected again: the copy of ANA's first waits
    expect(signals[0]?.aborted).toBe(true);
    work.open();
    await recorder.until(() => recorder.done.length === 3);
    await consumer.close();
    expect(recorder.begun.map(({ chat, number }) => [chat, number])).toEqual([
      [ANA, 1],
      [BEA, 1],
      [ANA, 2],
    ]);
    expect(consumer.counts).toMatchObject({ handled: 3, duplicates: 1 });
    await queue.untilWaiting(0);
    await door.close();
  });

  it('loses nothing and keeps order through connections that are cut again and again', async () => {
    queue = await TestQueue.open(url);
    const door = await startDoor(url);
    await queue.publish(...events(300, 10));
    const recorder = new Recorder(() => new Promise((resolve) => setTimeout(resolve, 3)));
    await start(recorder, { url: door.url, prefetch: 20 });
    for (let times = 1; times <= 4; times += 1) {
      await recorder.until(() => recorder.done.length >= times * 40);
      door.cut();
    }
    await recorder.until(() => new Set(recorder.done.map(({ id }) => id)).size === 300);
    expect(recorder.begun).toHaveLength(300);
    expect([...numbersByChat(recorder.begun).values()].every(rises)).toBe(true);
    await door.close();
  });

  it('starts while the broker is away, and begins when it is there', async () => {
    queue = await TestQueue.open(url);
    await queue.publish(event(ANA, 1));
    const door = await startDoor(url);
    door.shut();
    const recorder = new Recorder();
    await start(recorder, { url: door.url });
    await recorder.untilLogged('RabbitMQ is not connected', 2); // the connection that reads and the one that writes
    door.open();
    await recorder.until(() => recorder.done.length === 1);
    await door.close();
  });

  it('waits for a queue that does not exist yet', async () => {
    queue = await TestQueue.open(url);
    const later = `${queue.name}.later`;
    const recorder = new Recorder();
    await start(recorder, { queue: later });
    await recorder.untilLogged('a channel to RabbitMQ is opened again');
    const made = await TestQueue.open(url, later);
    await made.publish(event(ANA, 1));
    await recorder.until(() => recorder.done.length === 1);
    await made.close();
  });

  it('lets one process read the queue, and another one when that has left', async () => {
    queue = await TestQueue.open(url);
    await queue.publish(...events(60, 3));
    const work = gate();
    const [first, second] = [new Recorder(({ number }) => (number < 10 ? undefined : work.opened)), new Recorder()];
    const reader = await start(first, { prefetch: 20 });
    await first.until(() => first.done.length === 10);
    await start(second, { prefetch: 20 });
    await second.untilLogged('standing by');
    expect(second.begun).toEqual([]);
    const closing = reader.close();
    work.open();
    await closing;
    await second.until(() => first.done.length + second.done.length === 60);
    const together = numbersByChat([...first.done, ...second.begun]);
    expect([...together.values()].every(rises)).toBe(true);
    expect(second.done.length).toBeGreaterThan(40);
  });

  it('does not begin before what another reader holds is back', async () => {
    queue = await TestQueue.open(url);
    await queue.publish(...[1, 2, 3, 4].map((number) => event(ANA, number)));
    const held = gate();
    await queue.channel.prefetch(2);
    const { consumerTag } = await queue.channel.consume(queue.name, held.open);
    await held.opened;
    await queue.channel.cancel(consumerTag); // it holds two, and asks for no more
    const recorder = new Recorder();
    await start(recorder);
    await recorder.untilLogged('waiting for another program');
    expect(recorder.begun).toEqual([]);
    await queue.close();
    await recorder.until(() => recorder.done.length === 4);
    expect(recorder.done.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    queue = await TestQueue.open(url);
  });

  it('leaves the queue to a foreign program while that reads it, as two readers can keep no order', async () => {
    queue = await TestQueue.open(url);
    const recorder = new Recorder();
    await start(recorder);
    await recorder.untilLogged('reading the queue');
    const { consumerTag } = await queue.channel.consume(queue.name, () => undefined, { noAck: true });
    await recorder.untilLogged('another program reads the queue');
    while ((await queue.channel.checkQueue(queue.name)).consumerCount > 1) await new Promise(setImmediate);
    await queue.channel.cancel(consumerTag);
    await queue.publish(event(ANA, 1));
    await recorder.until(() => recorder.done.length === 1);
  });

  it('finishes what is under way when it closes, and begins nothing new', async () => {
    queue = await TestQueue.open(url);
    await queue.publish(event(ANA, 1), event(ANA, 2), event(BEA, 1));
    const work = gate();
    const recorder = new Recorder(() => work.opened);
    const consumer = await start(recorder);
    await recorder.until(() => recorder.begun.length === 2);
    const closing = consumer.close();
    work.open();
    await closing;
    expect(recorder.done.map(({ chat, number }) => [chat, number])).toEqual([
      [ANA, 1],
      [BEA, 1],
    ]);
    await queue.untilWaiting(1);
  });

  it('does not wait longer for a handler than it was told when it closes', async () => {
    queue = await TestQueue.open(url);
    await queue.publish(event(ANA, 1));
    const work = gate();
    let taken: AbortSignal | undefined;
    const recorder = new Recorder((_handled, { signal }) => {
      taken = signal;
      return work.opened;
    });
    const consumer = await start(recorder);
    await recorder.until(() => recorder.begun.length === 1);
    await consumer.close(50);
    expect(taken?.aborted).toBe(true);
    await queue.untilWaiting(1);
    work.open();
  });
});

describe('the package', () => {
  it('names every mistake in its options, and never the address', async () => {
    const mistaken = { url: 'http://user:secret@localhost', queue: '', partitions: 65, surprise: true };
    const error = await consumeEvents(mistaken as never).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TypeError);
    const { message } = error as TypeError;
    for (const name of ['url', 'queue', 'partitions', 'handler', 'surprise']) expect(message).toContain(name);
    expect(message).not.toContain('secret');
  });

  it('costs a program that imports the package neither database nor broker nor web server', () => {
    const program = `
      require('./src');
      const loaded = ['amqplib', 'pg', '@prisma/client', 'express', 'prom-client'].filter((name) =>
        Object.keys(require.cache).some((file) => file.includes('/node_modules/' + name + '/')));
      console.log(JSON.stringify(loaded));`;
    const output = execFileSync(process.execPath, ['--require', 'tsx/cjs', '--eval', program], { cwd: ROOT });
    expect(JSON.parse(output.toString())).toEqual([]);
  });
});
