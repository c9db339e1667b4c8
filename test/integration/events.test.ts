import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type Channel, type ChannelModel } from 'amqplib';
import { startRig, waitForDelivery, sendMessage, type EventRig } from '../helpers/event-rig';
import { assess, readQueues } from '../helpers/queue-reader';
import { createVhost } from '../helpers/services';
import { DATABASES } from '../helpers/test-store';

const QUORUM = { durable: true, arguments: { 'x-queue-type': 'quorum' } };

/** What the database has no form for: a NUL, or a name longer than any host has. */
const UNHOLDABLE = { PostgreSQL: 'with\u0000nul', MariaDB: 'long'.padEnd(300, '-') };

describe.each(DATABASES)('events to RabbitMQ by way of $kind', ({ kind, create }) => {
  /** A name of this run alone, as a broker that was given has one place for both. */
  const own = (name: string) => `${kind}-${name}`;

  let rig: EventRig;
  let brokerUrl: string;
  let admin: ChannelModel;

  beforeAll(async () => {
    brokerUrl = await createVhost();
    admin = await connect(brokerUrl);
    rig = await startRig({
      databaseUrl: await create(),
      brokerUrl,
      maxBytes: 2_000,
      config: {
        GLOBAL_ENABLED: true,
        PREFIX_KEY: own('all'),
        EVENTS: { SEND_MESSAGE: true, CALL: true, TYPEBOT_START: false },
      },
    });
  });

  afterAll(async () => {
    await rig.stop();
    await admin.close();
  });

  it("an event reaches the instance's queue and the global one with the text that the host publishes", async () => {
    const event = sendMessage(1, '5511911110000@s.whatsapp.net', own('first'));
    await rig.capture(event);
    const reader = await readQueues(brokerUrl, [own('first.send.message'), own('all.send.message')]);
    await reader.until((received) => received.length >= 2);
    await reader.close();
    const text = JSON.stringify({
      event: 'send.message',
      instance: own('first'),
      data: event.data,
      server_url: event.serverUrl,
      date_time: event.dateTime,
      sender: event.sender,
      apikey: event.apiKey,
    });
    expect(reader.received.map(({ message }) => message.content.toString())).toEqual([text, text]);
    expect(reader.received.map(({ message }) => message.fields.exchange).sort()).toEqual([own('first'), 'evolution']);
    const { fields, properties } = reader.received[0]?.message ?? {};
    expect(fields?.routingKey).toBe('send.message');
    expect(properties).toMatchObject({ deliveryMode: 2, type: 'send.message', contentType: undefined });
    expect(properties?.messageId).toMatch(/^[0-9a-f-]{36}$/);
    expect(properties?.headers).toMatchObject({
      'guard-instance': own('first'),
      'guard-chat': '5511911110000@s.whatsapp.net',
      'guard-chat-sequence': 1,
    });
  });

  it('the global queues of events that are switched on stand before the first event', async () => {
    const channel = await admin.createChannel();
    await expect(channel.checkQueue(own('all.call'))).resolves.toMatchObject({ messageCount: 0 });
    await channel.close();
    const other = await admin.createChannel();
    other.on('error', () => undefined);
    await expect(other.checkQueue(own('all.typebot.start'))).rejects.toThrow('NOT_FOUND');
  });

  it('the number of an event within its chat rises by one from event to event', async () => {
    const reader = await readQueues(brokerUrl, [own('counted.send.message')]);
    await Promise.all(
      [0, 1, 2, 3, 4].map((number) => rig.emit(number, number % 2 ? 'odd@g.us' : 'even@g.us', own('counted'))),
    );
    await reader.until((received) => received.length >= 5);
    await reader.close();
    const sequences = (chat: string) =>
      reader.received.filter((item) => item.chat === chat).map(({ sequence, body }) => [sequence, body.data.number]);
    expect(sequences('even@g.us')).toEqual([[1, 0], [2, 2], [3, 4]]); // prettier-ignore
    expect(sequences('odd@g.us')).toEqual([[1, 1], [2, 3]]); // prettier-ignore
  });

  it('while nothing fails, no event comes twice', async () => {
    const reader = await readQueues(brokerUrl, [own('steady.send.message')]);
    const events = 3_000;
    // A few at a time, so that captures, fetches and marks run beside each other.
    const lane = async (first: number) => {
      for (let number = first; number < events; number += 20)
        await rig.emit(number, `${number % 37}@g.us`, own('steady'));
    };
    await Promise.all(Array.from({ length: 20 }, (_, first) => lane(first)));
    await reader.until((received) => new Set(received.map(({ messageId }) => messageId)).size === events);
    await waitForDelivery(rig);
    await reader.close();
    expect(assess(events, reader.received)).toMatchObject({ lost: 0, duplicated: 0 });
  });

  it('what the host changes in the event after its emit does not show in the message', async () => {
    const reader = await readQueues(brokerUrl, [own('changed.send.message')]);
    const event = sendMessage(7, '5511@s.whatsapp.net', own('changed'));
    const captured = rig.capture(event);
    event.data.number = 8;
    await captured;
    await reader.until((received) => received.length >= 1);
    await reader.close();
    expect(reader.received[0]?.body.data.number).toBe(7);
  });

  it('a queue that exists with other arguments is used as it stands, and the operator is told once', async () => {
    const channel = await admin.createChannel();
    await channel.assertQueue(own('classic.send.message'), { durable: true });
    await rig.emit(1, 'a@g.us', own('classic'));
    await rig.emit(2, 'b@g.us', own('classic'));
    await waitForDelivery(rig);
    expect(await numbersIn(channel, own('classic.send.message'))).toEqual(new Set([1, 2]));
    await channel.close();
    const told = rig.log.lines.filter(({ fields }) => fields.code === 'GUARD_QUEUE_MISMATCH');
    expect(told).toHaveLength(1);
    expect(told[0]?.message).toContain(`queue ${own('classic.send.message')}`);
  });

  it('a queue that somebody deletes is declared again, and no event is lost', async () => {
    await rig.emit(1, 'a@g.us', own('deleted'));
    await waitForDelivery(rig);
    const channel = await admin.createChannel();
    await channel.deleteQueue(own('deleted.send.message'));
    await rig.emit(2, 'a@g.us', own('deleted'));
    await waitForDelivery(rig);
    await channel.assertQueue(own('deleted.send.message'), QUORUM);
    const message = await channel.get(own('deleted.send.message'), { noAck: true });
    await channel.close();
    expect(message && message.content.toString()).toContain('"number":2');
  });

  it('an exchange that somebody deletes closes the channel, and still no event is lost', async () => {
    await rig.emit(1, 'a@g.us', own('gone'));
    await waitForDelivery(rig);
    const channel = await admin.createChannel();
    await channel.deleteExchange('gone');
    await rig.emit(2, 'a@g.us', own('gone'));
    await rig.emit(3, 'z@g.us', own('bystander'));
    await waitForDelivery(rig);
    expect(await numbersIn(channel, own('gone.send.message'))).toEqual(new Set([1, 2]));
    expect(await numbersIn(channel, own('bystander.send.message'))).toEqual(new Set([3]));
    await channel.close();
  });

  it('an event above the limit becomes a dead letter with its reason, and its chat goes on', async () => {
    const large = sendMessage(1, 'a@g.us', own('large'));
    await rig.capture({ ...large, data: { ...large.data, media: 'x'.repeat(2_000) } });
    await rig.emit(2, 'a@g.us', own('large'));
    await waitForDelivery(rig);
    expect((await rig.database.outbox.backlog()).dead).toBe(1);
    const told = rig.log.lines.find(({ fields }) => fields.code === 'GUARD_EVENT_TOO_LARGE');
    expect(told?.message).toMatch(
      /send\.message of \S+large: \d+ bytes, limit 2000\..*Remedy: Raise GUARD_EVENT_MAX_BYTES/,
    );
  });

  it.each([
    ['refers to itself', 'GUARD_EVENT_NOT_SERIALIZABLE', circular()],
    ['has no instance', 'GUARD_EVENT_MALFORMED', { ...sendMessage(1, 'a@g.us', 'x'), instanceName: undefined }],
    ['has no name', 'GUARD_EVENT_MALFORMED', { ...sendMessage(1, 'a@g.us', 'x'), event: '' }],
    ['is nothing at all', 'GUARD_EVENT_MALFORMED', undefined],
  ])('an event that %s is refused with %s and does not reject', async (_what, code, event) => {
    const before = rig.log.lines.length;
    await rig.capture(event);
    expect(rig.log.lines.slice(before)).toEqual([expect.objectContaining({ level: 'error', fields: { code } })]);
  });

  it('an event that the database has no form for does not hold back those that came with it', async () => {
    const strange = { ...sendMessage(1, 'a@g.us', own('with')), instanceName: UNHOLDABLE[kind] };
    await Promise.all([
      rig.emit(1, 'a@g.us', own('beside')),
      rig.capture(strange),
      rig.emit(2, 'a@g.us', own('beside')),
    ]);
    await waitForDelivery(rig);
    const channel = await admin.createChannel();
    expect(await numbersIn(channel, own('beside.send.message'))).toEqual(new Set([1, 2]));
    await channel.close();
    expect(rig.log.lines.at(-1)?.fields.code).toBe('GUARD_EVENT_MALFORMED');
  });

  it('an event that nobody wants is not written', async () => {
    const before = await rig.database.outbox.backlog();
    await rig.capture({ ...sendMessage(1, 'a@g.us', own('quiet')), event: 'presence.update' });
    expect(await rig.database.outbox.backlog()).toEqual(before);
  });
});

function circular() {
  const event = sendMessage(1, 'a@g.us', 'circular');
  return { ...event, data: Object.assign(event.data, { self: event }) };
}

/** Takes what lies in a queue. A set: delivery is at least once. */
async function numbersIn(channel: Channel, queue: string): Promise<Set<unknown>> {
  const numbers = new Set<unknown>();
  for (let message = await channel.get(queue); message; message = await channel.get(queue)) {
    channel.ack(message);
    numbers.add((JSON.parse(message.content.toString()) as { data: { number: unknown } }).data.number);
  }
  return numbers;
}

/** Polls the database: what has been delivered is known there and nowhere else. */
