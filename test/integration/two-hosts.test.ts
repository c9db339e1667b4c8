import { afterAll, describe, expect, it } from '@jest/globals';
import { startRig, waitForDelivery, type EventRig } from '../helpers/event-rig';
import { assess, readQueues } from '../helpers/queue-reader';
import { createVhost } from '../helpers/services';
import { DATABASES } from '../helpers/test-store';

const EVENTS = 400;
const CHATS = 20;
const chatOf = (number: number) => `55119${String(number % CHATS).padStart(8, '0')}@s.whatsapp.net`;

describe.each(DATABASES)('two hosts on one $kind', ({ kind, create }) => {
  const rigs: EventRig[] = [];

  afterAll(async () => {
    for (const rig of rigs) await rig.stop();
  });

  it('deliver what the other one has captured, each event once and in order, also after one has left', async () => {
    const options = { databaseUrl: await create(), brokerUrl: await createVhost() };
    rigs.push(await startRig(options), await startRig(options));
    const instance = `${kind}-shared`;
    const reader = await readQueues(options.brokerUrl, [`${instance}.send.message`]);
    const emit = async (from: number, by: readonly EventRig[]) => {
      const numbers = Array.from({ length: EVENTS / 2 }, (_, index) => from + index);
      // Each chat's events are emitted by one host, and delivered by whoever holds its partition.
      await Promise.all(
        numbers.map((number) => {
          const rig = by[(number % CHATS) % by.length] as EventRig;
          return rig.emit(number, chatOf(number), instance);
        }),
      );
    };
    await emit(0, rigs);
    const [first] = rigs as [EventRig];
    await waitForDelivery(first);
    await rigs.pop()?.stop();
    await emit(EVENTS / 2, rigs);
    await reader.until((received) => received.length >= EVENTS);
    await waitForDelivery(first);
    await reader.close();
    expect(assess(EVENTS, reader.received)).toEqual({ lost: 0, duplicated: 0, outOfOrder: 0 });
  });
});
