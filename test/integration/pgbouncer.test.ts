import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startRig, waitForDelivery, type EventRig } from '../helpers/event-rig';
import { assess, readQueues } from '../helpers/queue-reader';
import { createDatabase, createVhost, startPgbouncer, type RunningService } from '../helpers/services';

const INSTANCE = 'pooled';
const EVENTS = 400;
const CHATS = 20;
const chatOf = (number: number) => `55119${String(number % CHATS).padStart(8, '0')}@s.whatsapp.net`;

describe('behind PgBouncer in transaction mode', () => {
  let pooler: RunningService;
  let brokerUrl: string;
  const rigs: EventRig[] = [];

  beforeAll(async () => {
    brokerUrl = await createVhost();
    pooler = await startPgbouncer(await createDatabase());
  }, 120_000);

  afterAll(async () => {
    for (const rig of rigs) await rig.stop();
    await pooler.stop();
  });

  it('two processes with more connections than it has share the outbox, and all events arrive once and in order', async () => {
    const options = { databaseUrl: pooler.url, brokerUrl };
    rigs.push(await startRig({ ...options, pooled: true }));
    rigs.push(await startRig({ ...options, databaseUrl: `${pooler.url}?pgbouncer=true` }));
    const reader = await readQueues(brokerUrl, [`${INSTANCE}.send.message`]);
    // Each chat's events are emitted by one process, and delivered by whoever holds its partition.
    const emits = Array.from({ length: EVENTS }, (_, number) => {
      const rig = rigs[(number % CHATS) % rigs.length] as EventRig;
      return rig.emit(number, chatOf(number), INSTANCE);
    });
    await Promise.all(emits);
    for (const rig of rigs) await waitForDelivery(rig);
    await reader.until((received) => received.length >= EVENTS);
    await reader.close();
    expect(assess(EVENTS, reader.received)).toEqual({ lost: 0, duplicated: 0, outOfOrder: 0 });
    const problems = rigs.flatMap(({ log }) => log.lines.filter(({ level }) => level === 'warn' || level === 'error'));
    expect(problems).toEqual([]);
  });
});
