import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { redrive, replay } from '../../src/events/dead-letters';
import { sendMessage, startRig, type EventRig } from '../helpers/event-rig';
import { readQueues } from '../helpers/queue-reader';
import { createVhost } from '../helpers/services';
import { DATABASES } from '../helpers/test-store';

const CHATS = ['a@g.us', 'b@g.us', 'c@g.us'];

describe.each(DATABASES)('a running relay on $kind', ({ kind, create }) => {
  /** A name of this run alone, as a broker that was given has one place for both. */
  const own = (name: string) => `${kind}-${name}`;
  let rig: EventRig;
  let brokerUrl: string;

  beforeAll(async () => {
    brokerUrl = await createVhost();
    rig = await startRig({ databaseUrl: await create(), brokerUrl, maxBytes: 2_000 });
  });

  afterAll(() => rig.stop());

  it('delivers what was redriven, with the id and the place in the chat that it was parked with', async () => {
    await rig.emit(1, 'large@g.us', own('redriven'));
    const large = sendMessage(2, 'large@g.us', own('redriven'));
    await rig.capture({ ...large, data: { ...large.data, media: 'x'.repeat(3_000) } });
    await rig.emit(3, 'large@g.us', own('redriven'));
    const reader = await readQueues(brokerUrl, [own('redriven.send.message')]);
    await reader.until((received) => received.length >= 2);
    const store = rig.database.deadLetters;
    const [dead] = await store.list({}, { afterSeq: 0, throughSeq: Number.MAX_SAFE_INTEGER, rows: 10 });
    await redrive(store, {}, { dryRun: false, maxBytes: 10_000 });
    await reader.until((received) => received.length >= 3);
    await reader.close();
    const { properties } = reader.received[2]?.message ?? {};
    expect(properties?.messageId).toBe(dead?.eventId);
    expect(properties?.headers).toMatchObject({ 'guard-chat-sequence': 2 });
  });

  it('delivers what was replayed once more, with the same ids and in order within each chat', async () => {
    const numbers = Array.from({ length: 300 }, (_, number) => number);
    await Promise.all(numbers.map((number) => rig.emit(number, CHATS[number % 3] ?? '', own('replayed'))));
    const reader = await readQueues(brokerUrl, [own('replayed.send.message')]);
    await reader.until((received) => received.length >= 300);
    const settled = async () => (await rig.database.outbox.backlog()).pending === 0;
    while (!(await settled())) await new Promise((resolve) => setTimeout(resolve, 20));
    const filter = { instance: own('replayed'), chat: 'b@g.us' };
    expect(await replay(rig.database.deadLetters, filter, { dryRun: false })).toMatchObject({ changed: 100 });
    await reader.until((received) => received.length >= 400);
    await reader.close();
    const told = reader.received
      .filter(({ message }) => message.properties.headers?.['guard-chat'] === 'b@g.us')
      .map(({ message }) => String(message.properties.messageId));
    expect(told).toHaveLength(200);
    expect(told.slice(100)).toEqual(told.slice(0, 100));
  });
});
