import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import Redis from 'ioredis';
import { systemClock } from '../../src/core/clock';
import type { SendRecord } from '../../src/stores/send-store';
import { LockServers, type HeldLock } from '../../src/stores/redis/lock-servers';
import { recordingLog } from '../helpers/recording-log';
import { A, B, CHAT_A, codeOf, texts } from '../helpers/send-bench';
import { startProcess, type ProcessOptions, type TestProcess } from '../helpers/send-rig';
import { sharedRedis } from '../helpers/services';
import { hostError, TestChannel } from '../helpers/test-channel';
import { DATABASES, openTestStore, type TestStore } from '../helpers/test-store';
import { until } from '../helpers/until';

const LEASE_MS = 600;

describe.each(DATABASES)('sends with a journal in $kind', ({ create }) => {
  let store: TestStore;
  let redis: Redis;
  let channel: TestChannel;
  let instance: string;
  let prefix: string;
  const ends: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    store = await openTestStore(await create());
    redis = new Redis(await sharedRedis());
  });

  beforeEach(() => {
    channel = new TestChannel();
    instance = `shop-${randomUUID()}`;
    prefix = `${instance}:`;
  });

  afterEach(async () => {
    channel.behave = () => undefined;
    channel.typing = () => undefined;
    for (const end of ends.splice(0)) await end();
  });

  afterAll(async () => {
    redis.disconnect();
    await store.close();
  });

  type Sender = TestProcess & { say(number: string, text: string, messageId?: string): Promise<unknown> };

  /** A process of its own, with its own connections to Redis. */
  async function start(options: Partial<ProcessOptions<HeldLock>> = {}): Promise<Sender> {
    const uris = [await sharedRedis()];
    const locks = new LockServers({ uris, prefix, clock: systemClock, log: recordingLog() });
    await locks.ready();
    const process = await startProcess({
      store: store.sends,
      channel,
      locks,
      instances: () => [{ name: instance, isOpen: true }],
      ...options,
      settings: { lockLeaseMs: LEASE_MS, ...options.settings },
    });
    ends.push(() => process.stop().then(() => locks.stop()));
    return { ...process, say: (number, text, messageId) => process.send(number, text, { instance, messageId }) };
  }

  /** In the order of acceptance. */
  const journal = async (chat = CHAT_A): Promise<SendRecord[]> => {
    const found = await store.sends.list({ instance, chat }, Number.MAX_SAFE_INTEGER, 500);
    return found.sort((a, b) => (a.sendId < b.sendId ? -1 : 1));
  };
  const states = async () => (await journal()).map(({ state }) => state);
  const untilStates = (...wanted: string[]) => until(async () => (await states()).join() === wanted.join(), states);
  const textsBy = ({ owner }: TestProcess) => channel.arrived.filter(({ by }) => by === owner).map(({ text }) => text);
  const toA = () => channel.arrived.flatMap(({ number, text, messageId }) => (number === A ? [[text, messageId]] : []));
  const allOf = (state: string, count: number) => Array<string>(count).fill(state);

  it('go to one chat in order, one at a time, and to others meanwhile', async () => {
    const here = await start();
    let [atOnce, most] = [0, 0];
    channel.behave = async () => {
      most = Math.max(most, (atOnce += 1));
      await pause(Math.random() * 6);
      atOnce -= 1;
      return undefined;
    };
    const others = texts(10).map((number) => `551198888100${number}`);
    const sends = texts(50).map((text) => here.say(A, text));
    sends.push(...texts(5).flatMap((text) => others.map((number) => here.say(number, text))));
    await Promise.all(sends);
    expect([channel.textsOf(A), channel.collisions]).toEqual([texts(50), []]);
    for (const number of others) expect(channel.textsOf(number)).toEqual(texts(5));
    expect(most).toBeGreaterThan(2);
    await untilStates(...allOf('sent', 50));
    const written = await journal();
    expect(written.every(({ attempts, fence }) => attempts === 1 && fence === 1)).toBe(true);
    expect(written[0]).toMatchObject({
      instance,
      integration: 'WHATSAPP-BAILEYS',
      kind: 'text',
      caller: 'host',
      error: null,
    });
    expect(written[0]?.sentAt).toBeGreaterThan(0);
  });

  it('that were not written are tried again before later ones, refused ones never, and unanswered ones become unknown', async () => {
    const here = await start();
    let failures = 0;
    channel.behave = ({ text }) => {
      if (text === 'unwritten' && (failures += 1) <= 2) return { kind: 'not-written', detail: 'ECONNREFUSED' };
      if (text === 'refused') return { kind: 'refused', detail: 'with 131026' };
      return text === 'unanswered' ? { kind: 'unanswered', detail: 'socket hang up' } : undefined;
    };
    const sends = ['unwritten', 'refused', 'unanswered', 'last'].map((text) =>
      here.say(A, text).catch((error: unknown) => error),
    );
    expect((await Promise.all(sends)).slice(1, 3)).toEqual([hostError('with 131026'), hostError('socket hang up')]);
    expect(channel.asked.map(({ text }) => text)).toEqual([...allOf('unwritten', 3), 'refused', 'unanswered', 'last']);
    await untilStates('sent', 'failed', 'unknown', 'sent');
    expect((await journal()).map(({ attempts, error }) => [attempts, error])).toEqual([
      [3, null],
      [1, 'with 131026'],
      [1, 'socket hang up'],
      [1, null],
    ]);
  });

  it('that became unknown are resolved by what WhatsApp says of them, by our own id', async () => {
    const here = await start();
    channel.behave = () => ({ kind: 'unanswered', detail: 'socket hang up' });
    await here.say(A, 'hello').catch(() => undefined);
    await untilStates('unknown');
    const [{ sendId } = { sendId: '' }] = await journal();
    here.sends.acknowledge([{ instance, messageId: 'wamid.7', sendId, state: 'delivered', at: Date.now() }]);
    await untilStates('delivered');
    expect(await journal()).toMatchObject([{ messageId: 'wamid.7', sendId }]);
  });

  it('whose lock is lost right before the socket go out once, before what waits elsewhere', async () => {
    const [here, there] = [await start(), await start()];
    let letGo: () => void = () => undefined;
    let isTyping = false;
    channel.typing = ({ text }) => {
      if (text !== 'first' || isTyping) return;
      isTyping = true;
      return new Promise((resolve) => (letGo = resolve));
    };
    const first = here.say(A, 'first');
    await until(() => isTyping);
    const [key = ''] = await redis.keys(`*${prefix}*`);
    await redis.set(key, 'somebody else', 'PX', 1.5 * LEASE_MS);
    const second = there.say(A, 'second');
    await pause(1.1 * LEASE_MS); // however late timers are, no lease lasts longer
    letGo();
    await Promise.all([first, second]);
    expect([channel.asked.map(({ text }) => text), channel.collisions]).toEqual([['first', 'second'], []]);
    expect((await here.metrics.sendsLeasesLost.get()).values[0]?.value).toBe(1);
    await untilStates('sent', 'sent');
  });

  it('of two processes never meet in a chat, and each keeps its own order', async () => {
    const both = [await start(), await start()];
    channel.behave = () => pause(Math.random() * 4).then(() => undefined);
    const sends = texts(15).flatMap((text) => both.map((process) => process.say(A, text)));
    await Promise.all(sends);
    expect([channel.collisions, ...both.map(textsBy)]).toEqual([[], texts(15), texts(15)]);
    await untilStates(...allOf('sent', 30));
    // No fencing token of the chat was ever that of both.
    const owners = new Map<unknown, Set<string>>();
    for (const { fence, owner } of await journal()) owners.set(fence, (owners.get(fence) ?? new Set()).add(owner));
    expect([...owners.values()].every(({ size }) => size === 1)).toBe(true);
  });

  it('of two processes never meet in a chat without a Redis either', async () => {
    const both = [await start({ locks: undefined }), await start({ locks: undefined })];
    channel.behave = () => pause(Math.random() * 4).then(() => undefined);
    await Promise.all(texts(10).flatMap((text) => both.map((process) => process.say(A, text))));
    expect([channel.collisions, ...both.map(textsBy)]).toEqual([[], texts(10), texts(10)]);
  });

  it('that wait when the process is stopped are made by the next one, in order, under the same ids', async () => {
    const here = await start();
    let letGo: () => void = () => undefined;
    const held = new Promise<undefined>((resolve) => (letGo = () => resolve(undefined)));
    channel.behave = ({ text }) => (text === '0' ? held : undefined);
    const sends = texts(6).map((text) => here.say(A, text, `id ${text}`).catch(codeOf));
    await until(async () => (await states()).length === 6);
    const stopped = here.stop();
    await until(async () => (await here.say(B, 'too late').catch(codeOf)) === 'GUARD_SENDS_STOPPING');
    letGo();
    expect((await Promise.all(sends)).slice(1)).toEqual(allOf('GUARD_SENDS_STOPPING', 5));
    await stopped;
    expect(await states()).toEqual(['sent', ...allOf('accepted', 5)]);

    const next = await start();
    await next.say(A, 'new', 'id new');
    expect(toA()).toEqual([...texts(6), 'new'].map((text) => [text, `id ${text}`]));
    await until(() => next.resumed.length === 6);
    expect(next.resumed.every(({ ending }) => 'result' in ending)).toBe(true);
    await untilStates(...allOf('sent', 7));
  });

  it('of a process that died are made by another when it has not been heard of for its time, before what is new', async () => {
    const [here, there] = [await start(), await start()];
    channel.typing = ({ by }) => (by === here.owner ? new Promise(() => undefined) : undefined);
    const dead = texts(5).map((text) => here.say(A, text, `id ${text}`).catch(codeOf));
    await until(async () => (await states()).length === 5);
    await here.crash();
    await Promise.all(dead);
    const sends = [there.say(A, 'new'), there.say(B, 'elsewhere')];
    await sends[1];
    await pause(LEASE_MS);
    expect([channel.textsOf(A), channel.textsOf(B)]).toEqual([[], ['elsewhere']]);
    await store.sends.enlist(here.owner, 'dead', -1); // its time is over
    await Promise.all(sends);
    expect(toA()).toEqual([...texts(5).map((text) => [text, `id ${text}`]), ['new', undefined]]);
    expect(channel.collisions).toEqual([]);
    await untilStates(...allOf('sent', 6));
  });

  it('of a process that died are unknown where they may have gone out and would go out twice', async () => {
    const [here, there] = [await start(), await start()];
    channel.behave = ({ text }) => (text === 'perhaps' ? new Promise(() => undefined) : undefined);
    const dead = [here.say(A, 'perhaps').catch(codeOf), here.say(A, 'waits').catch(codeOf)];
    await untilStates('sending', 'accepted');
    await here.crash();
    await Promise.all(dead);
    await store.sends.enlist(here.owner, 'dead', -1);
    await there.say(A, 'new');
    expect(channel.arrived.map(({ text }) => text)).toEqual(['waits', 'new']);
    await untilStates('unknown', 'sent', 'sent');
    expect(there.log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', fields: { code: 'GUARD_SENDS_UNKNOWN' } }),
    );
  });
});
