import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'amqplib';
import type { Backends } from '../../scripts/host/environment';
import { REFERENCE_HOST } from '../../scripts/host/program';
import type { RunningHost } from '../../scripts/host/running-host';
import { createBackends, createInstance, messageIds, program, queueOf, readSends, startHost } from './host-under-test';

const CHAT = '5511988887777';

describe(`${program.name}, guarded`, () => {
  let backends: Backends;
  let host: RunningHost;

  beforeAll(async () => {
    backends = await createBackends();
    host = await startHost({ ...backends, guarded: true });
  });

  afterAll(() => host.stop());

  it('every feature has a verdict, and events and sends are on', async () => {
    const { features } = await host.health();
    const verdicts = Object.fromEntries(features.map(({ feature, verdict }) => [feature, verdict]));
    expect(verdicts).toEqual({
      events: 'on',
      webhooks: 'off-by-setting',
      sends: 'on',
      instances: program === REFERENCE_HOST ? 'off-by-setting' : 'on',
      cache: program.caches ? 'on' : 'off-by-setting',
    });
  });

  it.each(['/guard/health', '/guard/metrics'])('%s asks for the API key', async (path) => {
    expect((await host.get(path, null)).status).toBe(401);
    expect((await host.get(path, 'wrong')).status).toBe(401);
    expect((await host.get(path)).status).toBe(200);
  });

  it('metrics count the events', async () => {
    const captured = async () => {
      const text = await (await host.get('/guard/metrics')).text();
      return Number(/^guard_events_captured_total\{sink="rabbitmq"\} (\d+)$/m.exec(text)?.[1] ?? 0);
    };
    const before = await captured();
    const instance = await createInstance(host, 'counted');
    const reader = await readSends(backends.brokerUrl, instance);
    await host.sendText(instance, CHAT, 'count me');
    await reader.until((received) => received.length === 1);
    await reader.close();
    expect(await captured()).toBe(before + 1);
  });

  it('the first event of a new instance arrives', async () => {
    const instance = await createInstance(host, 'fresh');
    const sent = await host.sendText(instance, CHAT, 'first');
    const reader = await readSends(backends.brokerUrl, instance);
    await reader.until((received) => received.length > 0);
    await reader.close();
    expect(messageIds(reader)).toEqual([sent]);
  });

  it('a new instance with RabbitMQ of its own does not disturb the events of another', async () => {
    const busy = await createInstance(host, 'busy');
    const sent: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const [newcomer, ...ids] = await Promise.all([
        createInstance(host, 'newcomer'),
        host.sendText(busy, CHAT, `beside ${round}`),
      ]);
      await host.sendText(newcomer, CHAT, 'hello');
      sent.push(...ids, await host.sendText(busy, CHAT, `after ${round}`));
    }
    const reader = await readSends(backends.brokerUrl, busy);
    await reader.until((received) => received.length >= sent.length);
    await reader.close();
    expect(messageIds(reader)).toEqual(sent);
  });

  it('an event carries its id, time, type, chat and place in the chat', async () => {
    const instance = await createInstance(host, 'labelled');
    const before = Math.floor(Date.now() / 1000);
    await host.sendText(instance, CHAT, 'one');
    await host.sendText(instance, CHAT, 'two');
    const reader = await readSends(backends.brokerUrl, instance);
    await reader.until((received) => received.length === 2);
    await reader.close();
    const [first, second] = reader.received.map(({ message }) => message.properties);
    expect(first).toMatchObject({
      type: 'send.message',
      headers: {
        'guard-instance': instance,
        'guard-chat': `${CHAT}@s.whatsapp.net`,
        'guard-chat-sequence': 1,
      },
    });
    expect(second?.headers).toMatchObject({ 'guard-chat-sequence': 2 });
    for (const properties of [first, second]) {
      expect(properties?.messageId).toMatch(/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);
      expect(properties?.timestamp).toBeGreaterThanOrEqual(before);
      expect(properties?.timestamp).toBeLessThanOrEqual(Date.now() / 1000);
    }
    expect(first?.messageId).not.toBe(second?.messageId);
  });

  it('exchange, queue and routing key are those of the stock host, with its arguments', async () => {
    const instance = await createInstance(host, 'named');
    await host.sendText(instance, CHAT, 'where to');
    const reader = await readSends(backends.brokerUrl, instance);
    await reader.until((received) => received.length === 1);
    await reader.close();
    expect(reader.received[0]?.message.fields).toMatchObject({ exchange: instance, routingKey: 'send.message' });

    // A declaration with other arguments than those in place closes the channel with 406.
    const connection = await connect(backends.brokerUrl);
    const channel = await connection.createChannel();
    await channel.assertExchange(instance, 'topic', { durable: true, autoDelete: false });
    const quorum = { 'x-queue-type': 'quorum' };
    await channel.assertQueue(queueOf(instance), { durable: true, autoDelete: false, arguments: quorum });
    await connection.close();
  });
});
