import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { waitForDelivery } from '../helpers/event-rig';
import { assess } from '../helpers/queue-reader';
import { startPostgres, type RunningService } from '../helpers/services';
import { WebhookReceiver, type Behaviour } from '../helpers/webhook-receiver';
import { startWebhookRig, type WebhookRig } from '../helpers/webhook-rig';

const CHATS = 20;
const EVENTS = 600;
const BESIDE = 50;
const chatOf = (number: number) => `55119${String(number % CHATS).padStart(8, '0')}@s.whatsapp.net`;
const taken: Behaviour = { status: 200 };

/** Each test breaks the receiver of an instance while it emits, and counts every event by its number. */
describe('webhooks while their receiver breaks', () => {
  let database: RunningService;
  let spillFolder: string;
  let rig: WebhookRig;
  let receiver: WebhookReceiver;
  let other: WebhookReceiver;
  const table = new Map<string, { url: string }>();
  let round = 0;
  let shop = '';
  let beside = '';

  const startOurs = () =>
    startWebhookRig({ databaseUrl: database.url, table, spillFolder, timeoutMs: 400, maxAttempts: 3 });

  beforeAll(async () => {
    spillFolder = mkdtempSync(join(tmpdir(), 'guard-spill-'));
    database = await startPostgres({ private: true });
    rig = await startOurs();
  }, 60_000);
  afterAll(async () => {
    await rig.stop();
    await database.stop();
    rmSync(spillFolder, { recursive: true });
  }, 60_000);

  beforeEach(async () => {
    [receiver, other] = await Promise.all([WebhookReceiver.start(), WebhookReceiver.start()]);
    round += 1;
    [shop, beside] = [`shop${round}`, `beside${round}`];
    rig.set(shop, { url: receiver.url });
    rig.set(beside, { url: other.url });
  });
  afterEach(() => Promise.all([receiver.goAway(), other.goAway()]));

  /**
   * Emits events 2 ms apart, and runs `breakIt` after a third of them.
   *
   * @returns what became of them at this receiver, and of those of an instance beside while this one was broken.
   */
  async function emitWhile(breakIt: () => Promise<void>, mendIt: () => Promise<void>) {
    const emits: Promise<void>[] = [];
    const emit = async (from: number, to: number) => {
      for (let number = from; number < to; number += 1) {
        emits.push(rig.emit(number, chatOf(number), shop));
        await pause(2);
      }
    };
    await emit(0, EVENTS / 3);
    await breakIt();
    await emit(EVENTS / 3, EVENTS);
    for (let number = 0; number < BESIDE; number += 1) emits.push(rig.emit(number, chatOf(number), beside));
    await other.until(({ received }) => received.length >= BESIDE);
    const missing = EVENTS - numbersAt(receiver).size;
    await mendIt();
    await Promise.all(emits);
    await receiver.until(() => numbersAt(receiver).size === EVENTS);
    await waitForDelivery(rig);
    return { ...assess(EVENTS, receiver.received), beside: assess(BESIDE, other.received), heldBack: missing > 0 };
  }

  const numbersAt = ({ received }: WebhookReceiver) => new Set(received.map(({ body }) => body.data.number));
  const kept = { lost: 0, outOfOrder: 0, heldBack: true, beside: { lost: 0, duplicated: 0, outOfOrder: 0 } };

  const faults: [string, () => Behaviour][] = [
    ['hangs', () => 'hang'],
    ['answers 500', () => ({ status: 500 })],
    ['answers 429 with Retry-After', () => ({ status: 429, headers: { 'retry-after': '1' } })],
    ['answers 503 with a date to come back at', () => ({ status: 503, headers: { 'retry-after': inOneSecond() } })],
    ['resets connections', () => 'reset'],
  ];

  it.each(faults)(
    'a receiver that %s costs no event and no order, and holds back no other',
    async (_, fault) => {
      const outcome = await emitWhile(
        () => Promise.resolve(void (receiver.behave = fault)),
        () => Promise.resolve(void (receiver.behave = () => taken)),
      );
      expect(outcome).toMatchObject({ ...kept, duplicated: 0 });
    },
    120_000,
  );

  it('a receiver that goes away and comes back at its port costs no event and no order, and holds back no other', async () => {
    const outcome = await emitWhile(
      () => receiver.goAway(),
      () => receiver.comeBack(),
    );
    expect(outcome).toMatchObject(kept);
  }, 120_000);

  it('one that takes events and resets the connection before it says so gets them again, by the same ids', async () => {
    const reset: typeof receiver.received = [];
    const outcome = await emitWhile(
      () => Promise.resolve(void (receiver.behave = (request) => (reset.push(request), 'reset'))),
      () => Promise.resolve(void (receiver.behave = () => taken)),
    );
    expect(outcome).toMatchObject(kept);
    const ids = new Set(receiver.received.map(({ messageId }) => messageId));
    expect(reset.length).toBeGreaterThan(0);
    expect(reset.every(({ messageId }) => ids.has(messageId))).toBe(true);
  }, 120_000);

  it('one that fails every third time costs no event and no order', async () => {
    receiver.behave = () => (receiver.asked % 3 === 0 ? { status: 500 } : taken);
    const emits = Array.from({ length: EVENTS }, (_, number) => rig.emit(number, chatOf(number), shop));
    await Promise.all(emits);
    await waitForDelivery(rig);
    expect(assess(EVENTS, receiver.received)).toEqual({ lost: 0, duplicated: 0, outOfOrder: 0 });
  }, 120_000);

  it('one that can never take an event of a chat gets all of the other chats', async () => {
    receiver.behave = ({ chat }) => (chat === chatOf(0) ? { status: 500 } : taken);
    const emits = Array.from({ length: EVENTS }, (_, number) => rig.emit(number, chatOf(number), shop));
    await Promise.all(emits);
    await receiver.until(() => numbersAt(receiver).size === EVENTS - EVENTS / CHATS);
    receiver.behave = () => taken;
    await waitForDelivery(rig);
    expect(assess(EVENTS, receiver.received)).toEqual({ lost: 0, duplicated: 0, outOfOrder: 0 });
  }, 120_000);

  it('events that wait for a receiver outlive the process, and follow when it is back', async () => {
    const outcome = await emitWhile(
      () => receiver.goAway(),
      async () => {
        await rig.stop();
        rig = await startOurs();
        await receiver.comeBack();
      },
    );
    expect(outcome).toMatchObject(kept);
  }, 120_000);

  it('a database that is killed while a receiver is away costs no event and no order', async () => {
    const outcome = await emitWhile(
      () => receiver.goAway(),
      async () => {
        await database.kill('SIGKILL');
        await receiver.comeBack();
        await database.restart();
      },
    );
    expect(outcome).toMatchObject(kept);
  }, 120_000);

  it('many dead receivers do not hold back one that is alive', async () => {
    receiver.behave = () => 'hang';
    const dead = Array.from({ length: 60 }, (_, number) => `dead${round}-${number}`);
    for (const [number, name] of dead.entries()) table.set(name, { url: `${receiver.url}/${number}` });
    const emits: Promise<void>[] = [];
    for (let number = 0; number < 20; number += 1) {
      for (const name of dead) emits.push(rig.emit(number, chatOf(number), name));
    }
    await Promise.all(emits);
    for (let number = 0; number < BESIDE; number += 1) await rig.emit(number, chatOf(number), beside);
    await other.until(({ received }) => new Set(received.map(({ messageId }) => messageId)).size >= BESIDE);
    expect(assess(BESIDE, other.received)).toMatchObject({ lost: 0, outOfOrder: 0 });
    receiver.behave = () => taken;
    await waitForDelivery(rig);
    expect(new Set(receiver.received.map(({ messageId }) => messageId)).size).toBe(60 * 20);
  }, 180_000);
});

const inOneSecond = () => new Date(Date.now() + 1_000).toUTCString();
