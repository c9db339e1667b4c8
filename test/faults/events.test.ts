import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { startRig, type EventRig } from '../helpers/event-rig';
import { assess, readQueues } from '../helpers/queue-reader';
import { startRabbitmq, type RunningRabbitmq, type RunningService } from '../helpers/services';
import { DATABASES } from '../helpers/test-store';

const CHATS = 20;
const EVENTS = 600;
const chatOf = (number: number) => `55119${String(number % CHATS).padStart(8, '0')}@s.whatsapp.net`;

/**
 * How long RabbitMQ 3.10 may take to write a new quorum queue's name to its directory file (auto_save of Ra's names.dets).
 * Killed before that, it starts the queue anew under another name, without leader and without confirms, for ever.
 */
const QUEUE_SETTLED_MS = 1_500;

type Kind = (typeof DATABASES)[number]['kind'];

/** The broker is one for all. */
interface Stage {
  kind: Kind;
  database: RunningService;
  rig: EventRig;
}

/** Each test breaks a server while events are emitted, and counts every event by its number. */
describe('events while things break', () => {
  let broker: RunningRabbitmq;
  const stages: Stage[] = [];
  let round = 0;

  beforeAll(async () => {
    broker = await startRabbitmq({ private: true });
    for (const { kind, start } of DATABASES) {
      const database = await start({ private: true });
      stages.push({ kind, database, rig: await startRig({ databaseUrl: database.url, brokerUrl: broker.url }) });
    }
  }, 120_000);

  afterAll(async () => {
    for (const { rig, database } of stages) {
      await rig.stop();
      await database.stop();
    }
    await broker.stop();
  }, 60_000);

  /** Emits events 2 ms apart, and runs `breakIt` after a third of them. @returns what became of them. */
  async function emitWhile(breakIt: (stage: Stage) => Promise<void>, kind: Kind = 'PostgreSQL') {
    const stage = stages.find((each) => each.kind === kind);
    if (!stage) throw new Error(`no stage with ${kind}`);
    round += 1;
    const instance = `shop${round}`;
    await (await readQueues(broker.url, [`${instance}.send.message`])).close();
    await pause(QUEUE_SETTLED_MS);
    const emits: Promise<void>[] = [];
    let broken: Promise<void> = Promise.resolve();
    for (let number = 0; number < EVENTS; number += 1) {
      if (number === EVENTS / 3) broken = breakIt(stage);
      emits.push(stage.rig.emit(number, chatOf(number), instance));
      await pause(2);
    }
    await broken;
    const reader = await readQueues(broker.url, [`${instance}.send.message`]);
    await Promise.all(emits);
    await reader.until((received) => new Set(received.map(({ messageId }) => messageId)).size === EVENTS);
    await reader.close();
    return assess(EVENTS, reader.received);
  }

  const kept = expect.objectContaining({ lost: 0, outOfOrder: 0 });

  it('a broker that is stopped and started again costs no event and no order', async () => {
    const outcome = await emitWhile(async () => {
      await broker.kill('SIGTERM');
      await pause(500);
      await broker.restart();
    });
    expect(outcome).toEqual(kept);
  }, 90_000);

  it('a broker that is killed with SIGKILL and started again costs no event and no order', async () => {
    const outcome = await emitWhile(async () => {
      await broker.kill('SIGKILL');
      await broker.restart();
    });
    expect(outcome).toEqual(kept);
  }, 90_000);

  it('a broker that stands still for a while costs no event and no order', async () => {
    const outcome = await emitWhile(async () => {
      await broker.pause();
      await pause(1_500);
      await broker.resume();
    });
    expect(outcome).toEqual(kept);
  }, 90_000);

  it.each(DATABASES)(
    'a $kind that is killed with SIGKILL and started again costs no captured event and no order',
    async ({ kind }) => {
      const outcome = await emitWhile(async ({ database }) => {
        await database.kill('SIGKILL');
        await database.restart();
      }, kind);
      expect(outcome).toEqual(kept);
    },
    90_000,
  );

  it.each(DATABASES)(
    'a $kind that stands still, its connections open and silent, costs no captured event and no order',
    async ({ kind }) => {
      const outcome = await emitWhile(async ({ database, rig }) => {
        const noticed = () => rig.log.lines.filter(({ message }) => message.startsWith('events cannot go')).length;
        const before = noticed();
        await database.pause();
        await rig.log.until(() => noticed() > before);
        await database.resume();
      }, kind);
      expect(outcome).toEqual(kept);
    },
    90_000,
  );
});

describe.each(DATABASES)('a start while $kind and the broker are away', ({ start }) => {
  it('tells both, keeps what is captured, and delivers it when they are up', async () => {
    const [broker, database] = await Promise.all([startRabbitmq({ private: true }), start({ private: true })]);
    await Promise.all([broker.kill(), database.kill()]);
    const rig = await startRig({ databaseUrl: database.url, brokerUrl: broker.url });
    const captured = rig.emit(0, chatOf(0));
    await Promise.all([broker.restart(), database.restart()]);
    const reader = await readQueues(broker.url, ['shop.send.message']);
    await captured;
    await reader.until((received) => received.length === 1);
    await reader.close();
    await rig.stop();
    await Promise.all([broker.stop(), database.stop()]);
    const codes = rig.log.lines.map(({ fields }) => fields.code);
    expect(codes).toEqual(expect.arrayContaining(['GUARD_DATABASE_UNREACHABLE', 'GUARD_BROKER_UNREACHABLE']));
  }, 120_000);

  it('with wrong credentials it says so, by code and remedy, and lives', async () => {
    const [broker, database] = await Promise.all([startRabbitmq({ private: true }), start({ private: true })]);
    const wrong = (url: string) => Object.assign(new URL(url), { username: 'nobody', password: 'wrong' }).href;
    const rig = await startRig({ databaseUrl: wrong(database.url), brokerUrl: wrong(broker.url) });
    while (!rig.broker.lastError) await pause(20);
    await rig.stop();
    await Promise.all([broker.stop(), database.stop()]);
    expect(rig.database.lastError?.code).toBe('GUARD_DATABASE_REFUSED');
    expect(rig.broker.lastError.code).toBe('GUARD_BROKER_REFUSED');
    expect(rig.broker.lastError.message).toContain('Remedy: Correct the credentials in RABBITMQ_URI');
  }, 120_000);
});
