import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Backends } from '../../scripts/host/environment';
import type { RunningHost } from '../../scripts/host/running-host';
import { startRabbitmq, type RunningRabbitmq } from '../helpers/services';
import {
  createBackends,
  createInstance,
  declareSends,
  eventually,
  messageIds,
  program,
  readSends,
  startHost,
} from './host-under-test';

const CHAT = '5511988887777';
const SENDS = 10;

describe(`${program.name}, guarded for some instances`, () => {
  let broker: RunningRabbitmq;
  let backends: Backends;
  let host: RunningHost;

  beforeAll(async () => {
    broker = await startRabbitmq({ private: true });
    backends = { ...(await createBackends()), brokerUrl: broker.url };
    host = await startWith('events=canary-*');
  });

  afterAll(async () => {
    await host.stop();
    await broker.stop();
  });

  const startWith = (rollout: string) =>
    startHost({ ...backends, guarded: true, variables: { GUARD_ROLLOUT: rollout } });

  const eventsReason = async () => (await host.health()).features.find(({ feature }) => feature === 'events')?.reason;

  /** The first event of an instance that is read; stock may lose some until its connection stands. */
  async function firstMessageOf(instance: string) {
    await declareSends(backends.brokerUrl, instance);
    const reader = await readSends(backends.brokerUrl, instance);
    await eventually(async () => {
      await host.sendText(instance, CHAT, 'which way');
      return reader.received.length > 0;
    });
    await reader.close();
    return reader.received[0]?.message;
  }

  it('events of an instance in the rollout go through the outbox, those of another the stock way', async () => {
    expect(await eventsReason()).toContain('for instances named canary-*');
    const guarded = await firstMessageOf(await createInstance(host, 'canary'));
    expect(guarded?.properties).toMatchObject({ deliveryMode: 2, messageId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    const stock = await firstMessageOf(await createInstance(host, 'steady'));
    expect(stock?.properties).toMatchObject({ messageId: undefined, headers: {} });
    expect(Object.keys(JSON.parse(stock?.content.toString() ?? '{}') as object)).toEqual(
      Object.keys(JSON.parse(guarded?.content.toString() ?? '{}') as object),
    );
  });

  it('events in the outbox still go out when their instance has left the rollout, in order', async () => {
    const leaving = await createInstance(host, 'canary');
    await eventually(async () => (await host.health()).outbox?.pending === 0);
    await broker.kill('SIGTERM');
    const sent: string[] = [];
    for (let send = 0; send < SENDS; send += 1) sent.push(await host.sendText(leaving, CHAT, `message ${send}`));
    await eventually(async () => (await host.health()).outbox?.pending === SENDS);
    await host.stop();
    await broker.restart();
    host = await startWith('0%');
    expect(await eventsReason()).toContain('for no instance');
    const reader = await readSends(backends.brokerUrl, leaving);
    await reader.until(({ length }) => length >= SENDS);
    await reader.close();
    expect([...new Set(messageIds(reader))]).toEqual(sent);

    const newcomer = await firstMessageOf(await createInstance(host, 'canary'));
    expect(newcomer?.properties.messageId).toBeUndefined();
  });

  it('in a full rollout an instance of a name that was stock goes through the outbox from its first event on', async () => {
    await host.stop();
    host = await startWith('all');
    const instance = await createInstance(host, 'steady');
    const reader = await readSends(backends.brokerUrl, instance);
    const sent: string[] = [];
    for (let send = 0; send < SENDS; send += 1) sent.push(await host.sendText(instance, CHAT, `message ${send}`));
    await reader.until(({ length }) => length >= SENDS);
    await reader.close();
    expect(messageIds(reader)).toEqual(sent);
    expect(reader.received.every(({ messageId }) => /^[0-9a-f-]{36}$/.test(messageId))).toBe(true);
  });
});
