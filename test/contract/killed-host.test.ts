import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RunningHost } from '../../scripts/host/running-host';
import { startRabbitmq, type RunningRabbitmq } from '../helpers/services';
import {
  createBackends,
  createInstance,
  eventually,
  messageIds,
  program,
  readSends,
  startHost,
} from './host-under-test';

const SENDS = 20;
const CHATS = ['5511900000001', '5511900000002'];

describe(`${program.name}, guarded and killed`, () => {
  let broker: RunningRabbitmq;
  let host: RunningHost;

  beforeAll(async () => {
    broker = await startRabbitmq({ private: true });
    host = await startHost({ ...(await createBackends()), brokerUrl: broker.url, guarded: true });
  });

  afterAll(async () => {
    await host.stop();
    await broker.stop();
  });

  it('events survive a SIGKILL of the host while the broker is away', async () => {
    const instance = await createInstance(host, 'survivor');
    await broker.kill('SIGTERM');
    const sent = new Map<string, string[]>(CHATS.map((chat) => [chat, []]));
    for (let send = 0; send < SENDS; send += 1) {
      for (const [chat, ids] of sent) ids.push(await host.sendText(instance, chat, `message ${send}`));
    }
    // The host answers a send before it emits the event.
    await eventually(async () => (await host.health()).outbox?.pending === SENDS * CHATS.length);
    expect((await host.health()).status).toBe('degraded');

    await host.kill();
    await broker.restart();
    await host.restart();

    const reader = await readSends(broker.url, instance);
    await reader.until((received) => received.length >= SENDS * CHATS.length);
    await eventually(async () => (await host.health()).outbox?.pending === 0);
    await reader.close();
    const arrived = [...new Set(messageIds(reader))];
    for (const ids of sent.values()) expect(arrived.filter((id) => ids.includes(id))).toEqual(ids);
  });
});
