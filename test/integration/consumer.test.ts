import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { consumeEvents, UnprocessableEvent, type ConsumerOptions, type EventConsumer } from '../../src';
import { createVhost } from '../helpers/services';
import { bodyOf, event, events, gate, numbersByChat, Recorder, rises, TestQueue } from './consumer-rig';

const ANA = '5511900000001@s.whatsapp.net';
const BEA = '5511900000002@s.whatsapp.net';

describe('a consumer of a queue of the host', () => {
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

  it('hands over the body of the host and what the plugin says of the event', async () => {
    queue = await TestQueue.open(url);
    const sent = event(ANA, 7);
    await queue.publish(sent);
    const seen: unknown[] = [];
    const recorder = new Recorder();
    await start(recorder, {
      handler: (body, { signal, ...context }) => {
        seen.push(body, context, signal.aborted);
        return recorder.handler(body, { signal, ...context });
      },
    });
    await recorder.until(() => recorder.done.length === 1);
    expect(seen).toEqual([
      bodyOf(sent),
      {
        messageId: sent.id,
        instance: 'shop',
        chat: ANA,
        chatSequence: 7,
        emittedAt: new Date('2026-01-01T00:00:00Z'),
        attempt: 1,
        redelivered: false,
      },
      false,
    ]);
  });

  it('works on a chat one event at a time, in order, and on different chats side by side', async () => {
    queue = await TestQueue.open(url);
    await queue.publish(...events(200, 10));
    const recorder = new Recorder(() => new Promise((resolve) => setTimeout(resolve, 2)));
    await start(recorder);
    await recorder.until(() => recorder.done.length === 200);
    expect([...numbersByChat(recorder.begun).values()].every(rises)).toBe(true);
    expect(recorder.mostInChat).toBe(1);
    expect(recorder.mostInAll).toBe(10);
  });

  it('holds no more messages at a time than the prefetch says', async () => {
    queue = await TestQueue.open(url);
    await queue.publish(...events(20, 20));
    const work = gate();
    const recorder = new Recorder(() => work.opened);
    await start(recorder, { prefetch: 3 });
    await recorder.until(() => recorder.begun.length === 3);
    expect(await queue.waiting()).toBe(17);
    work.open();
    await recorder.until(() => recorder.done.length === 20);
    expect(recorder.mostInAll).toBe(3);
  });

  it('acknowledges a message after its work: what was not finished comes again', async () => {
    queue = await TestQueue.open(url);
    await queue.publish(event(ANA, 1));
    const work = gate();
    const first = new Recorder(() => work.opened);
    const consumer = await start(first);
    await first.until(() => first.begun.length === 1);
    await consumer.close(0);
    await queue.untilWaiting(1);
    const second = new Recorder();
    await start(second);
    await second.until(() => second.done.length === 1);
    work.open();
  });

  it('leaves out copies of an event inside the window, and not beyond it', async () => {
    queue = await TestQueue.open(url);
    const [one, two, three] = [event(ANA, 1), event(ANA, 2), event(ANA, 3)];
    await queue.publish(one, one, two, one, three, one);
    const recorder = new Recorder();
    const consumer = await start(recorder, { dedupeWindow: 2 });
    await recorder.until(() => recorder.done.length === 4);
    expect(recorder.done.map(({ number }) => number)).toEqual([1, 2, 3, 1]);
    expect(consumer.counts).toEqual({ handled: 4, failedAttempts: 0, duplicates: 2, deadLettered: 0 });
  });

  it('tries an event again whose handler failed; its chat waits, the others go on', async () => {
    queue = await TestQueue.open(url);
    await queue.publish(event(ANA, 1), event(ANA, 2), event(BEA, 1), event(BEA, 2));
    const recorder = new Recorder(({ chat, number, attempt }) => {
      if (chat === ANA && number === 1 && attempt < 3) throw new Error('not yet');
    });
    const consumer = await start(recorder);
    await recorder.until(() => recorder.done.length === 4);
    expect(recorder.done.map(({ chat, number, attempt }) => [chat, number, attempt])).toEqual([
      [BEA, 1, 1],
      [BEA, 2, 1],
      [ANA, 1, 3],
      [ANA, 2, 1],
    ]);
    expect(consumer.counts.failedAttempts).toBe(2);
  });

  it('moves an event that keeps failing to the dead letters with its reason, and goes on with its chat', async () => {
    queue = await TestQueue.open(url);
    const poison = event(ANA, 1);
    await queue.publish(poison, event(ANA, 2));
    const recorder = new Recorder(({ number }) => {
      if (number === 1) throw new Error(`cannot do this ${'x'.repeat(2_000)}`);
    });
    const consumer = await start(recorder, { maxAttempts: 2 });
    await recorder.until(() => recorder.done.length === 1);
    const dead = await queue.take(`${queue.name}.dead`);
    expect(recorder.begun.map(({ number, attempt }) => [number, attempt])).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
    ]);
    expect(JSON.parse(dead.content.toString())).toEqual(bodyOf(poison));
    expect(dead.properties).toMatchObject({ messageId: poison.id, type: 'messages.upsert', deliveryMode: 2 });
    expect(dead.properties.headers).toMatchObject({
      'guard-instance': 'shop',
      'guard-chat': ANA,
      'guard-chat-sequence': 1,
      'guard-dead-reason': 'handler-failed',
      'guard-dead-detail': `cannot do this ${'x'.repeat(985)}`,
      'guard-dead-attempts': 2,
      'guard-dead-queue': queue.name,
      'guard-dead-at': expect.stringMatching(/^20\d\d-/) as unknown,
    });
    expect(consumer.counts).toEqual({ handled: 1, failedAttempts: 2, duplicates: 0, deadLettered: 1 });
    expect(JSON.stringify(recorder.log.lines)).not.toContain('cannot do this');
  });

  it('asks the handler once where that says that no further attempt can help', async () => {
    queue = await TestQueue.open(url);
    await queue.publish(event(ANA, 1), event(ANA, 2));
    const recorder = new Recorder(({ number }) => {
      if (number === 1) throw new UnprocessableEvent('no such customer');
    });
    await start(recorder, { deadLetterQueue: `${queue.name}.parked` });
    await recorder.until(() => recorder.done.length === 1);
    const { headers } = (await queue.take(`${queue.name}.parked`)).properties;
    expect(headers).toMatchObject({
      'guard-dead-reason': 'unprocessable',
      'guard-dead-detail': 'no such customer',
      'guard-dead-attempts': 1,
    });
  });

  it.each([
    ['is not JSON', 'not-json', '{"event": secret'],
    ['is JSON but no event', 'not-an-event', '{"event": "messages.upsert"}'],
  ])('moves a message that %s to the dead letters without asking the handler', async (_what, reason, text) => {
    queue = await TestQueue.open(url);
    await queue.publishBare(text);
    const recorder = new Recorder();
    await start(recorder);
    const dead = await queue.take(`${queue.name}.dead`);
    expect(dead.content.toString()).toBe(text);
    expect(dead.properties.headers).toMatchObject({ 'guard-dead-reason': reason, 'guard-dead-attempts': 0 });
    expect(JSON.stringify(dead.properties.headers)).not.toContain('secret');
    expect(recorder.begun).toEqual([]);
  });

  it('handles a dead letter that was put back, although its id is known', async () => {
    queue = await TestQueue.open(url);
    const poison = event(ANA, 1);
    await queue.publish(poison);
    let mended = false;
    const recorder = new Recorder(() => {
      if (!mended) throw new UnprocessableEvent('not mended yet');
    });
    const consumer = await start(recorder);
    const dead = await queue.take(`${queue.name}.dead`);
    mended = true;
    await queue.publish(poison); // a late copy: it is finished
    queue.channel.sendToQueue(queue.name, dead.content, dead.properties);
    await recorder.until(() => recorder.done.length === 1);
    expect(consumer.counts.duplicates).toBe(1);
  });

  it('handles every message of a host that is not guarded, one at a time: they have neither id nor chat', async () => {
    queue = await TestQueue.open(url);
    const text = JSON.stringify(bodyOf({ chat: ANA, number: 1 }));
    await queue.publishBare(text);
    await queue.publishBare(text);
    const recorder = new Recorder(() => new Promise((resolve) => setTimeout(resolve, 5)));
    await start(recorder);
    await recorder.until(() => recorder.done.length === 2);
    expect(recorder.done.map(({ id, chat }) => ({ id, chat }))).toEqual([
      { id: undefined, chat: '' },
      { id: undefined, chat: '' },
    ]);
    expect(recorder.mostInAll).toBe(1);
  });

  it('gathers several events of a chat in a queue of its own, in order', async () => {
    queue = await TestQueue.open(url);
    const exchange = `${queue.name}.exchange`;
    await queue.channel.assertExchange(exchange, 'topic', { durable: true });
    const recorder = new Recorder();
    const own = `${queue.name}.own`;
    await start(recorder, { queue: own, bind: { exchange, routingKeys: ['messages.upsert', 'send.message'] } });
    await recorder.untilLogged('reading the queue');
    for (const number of [1, 2, 3, 4]) {
      const key = number % 2 ? 'messages.upsert' : 'send.message';
      queue.channel.publish(exchange, key, Buffer.from(JSON.stringify(bodyOf({ chat: ANA, number }))), {
        messageId: `${own} ${number}`,
        headers: { 'guard-instance': 'shop', 'guard-chat': ANA },
      });
    }
    await recorder.until(() => recorder.done.length === 4);
    expect(recorder.done.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
  });
});
