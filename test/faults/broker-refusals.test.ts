import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sendMessage, startRig, waitForDelivery, type EventRig } from '../helpers/event-rig';
import { assess, readQueues, type QueueReader } from '../helpers/queue-reader';
import { createDatabase, startRabbitmq, type RunningRabbitmq } from '../helpers/services';

const CHATS = 10;
const EVENTS = 200;
const MOST_BYTES = 100_000;
const chatOf = (number: number) => `55119${String(number % CHATS).padStart(8, '0')}@s.whatsapp.net`;

describe('a broker that refuses', () => {
  let broker: RunningRabbitmq;
  let rig: EventRig;

  beforeAll(async () => {
    broker = await startRabbitmq({ private: true });
    const wanted = ['SEND_MESSAGE', 'CUSTOM_EVENT'];
    rig = await startRig({ databaseUrl: await createDatabase(), brokerUrl: broker.url, wanted, maxAttempts: 3 });
  }, 120_000);

  afterAll(async () => {
    await rig.stop();
    await broker.stop();
  }, 60_000);

  const codes = () => rig.log.lines.map(({ fields }) => fields.code);
  const emitAll = (instance: string, first = 0) =>
    Promise.all(Array.from({ length: EVENTS }, (_, n) => rig.emit(first + n, chatOf(n), instance)));
  const all = (reader: QueueReader, events: number) =>
    reader.until((received) => new Set(received.map(({ messageId }) => messageId)).size === events);

  it('with a memory alarm gets nothing more, is waited for without losing anything, and then gets all in order', async () => {
    const reader = await readQueues(broker.url, ['blocked.send.message']);
    await emitAll('blocked');
    await all(reader, EVENTS);
    await broker.ctl(['set_vm_memory_high_watermark', 'absolute', '1']);
    await emitAll('blocked', EVENTS);
    await rig.log.until(() => codes().includes('GUARD_BROKER_BLOCKED'));
    expect((await rig.database.outbox.backlog()).pending).toBeGreaterThan(0);
    await broker.ctl(['set_vm_memory_high_watermark', '0.4']);
    await all(reader, 2 * EVENTS);
    await reader.close();
    expect(assess(2 * EVENTS, reader.received)).toMatchObject({ lost: 0, outOfOrder: 0 });
  }, 60_000);

  it('a message for its size closes the channel once: that event becomes a dead letter, all others arrive', async () => {
    const limit = `application:set_env(rabbit, max_message_size, ${MOST_BYTES}).`;
    await broker.ctl(['eval', limit]);
    await broker.ctl(['close_all_connections', 'the new limit counts for new channels']);
    const reader = await readQueues(broker.url, ['large.send.message']);
    const event = sendMessage(-1, chatOf(0), 'large');
    event.data.message.conversation = 'x'.repeat(MOST_BYTES + 1);
    const before = (await rig.database.outbox.backlog()).dead;
    await Promise.all([emitAll('large'), rig.capture(event), rig.capture({ ...event })]);
    await all(reader, EVENTS);
    await waitForDelivery(rig);
    await reader.close();
    expect(assess(EVENTS, reader.received)).toMatchObject({ lost: 0, outOfOrder: 0 });
    const dead = await rig.database.deadLetters.list({ instance: 'large' }, { afterSeq: 0, throughSeq: 1e9, rows: 10 });
    expect(dead.map(({ lastError }) => lastError?.split(':')[0])).toEqual(Array(2).fill('GUARD_EVENT_TOO_LARGE'));
    expect((await rig.database.outbox.backlog()).dead).toBe(before + 2);
  }, 60_000);

  it('an event that no queue is bound for is tried a few times, becomes a dead letter, and its chat goes on', async () => {
    const reader = await readQueues(broker.url, ['unbound.send.message']);
    // The host binds by lower case and publishes as it is: an event in capitals never arrives anywhere.
    const unroutable = { ...sendMessage(-1, chatOf(0), 'unbound'), event: 'CUSTOM_EVENT' };
    await Promise.all([rig.capture(unroutable), rig.emit(0, chatOf(0), 'unbound')]);
    await all(reader, 1);
    await waitForDelivery(rig);
    await reader.close();
    const [dead] = await rig.database.deadLetters.list(
      { instance: 'unbound' },
      { afterSeq: 0, throughSeq: 1e9, rows: 10 },
    );
    expect(dead).toMatchObject({ event: 'CUSTOM_EVENT', attempts: 3 });
    expect(dead?.lastError).toContain('GUARD_EVENT_UNROUTABLE');
  }, 60_000);
});
