import { beforeAll, describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { readSettings } from '../../src/core/settings';
import { cacheEngine } from '../../src/host/cache-seam';
import { shakeHands } from '../../src/host/handshake';
import type { SendCall, SendHandler } from '../../src/host/send-call';
import { joinSends } from '../../src/host/sends-join';
import { CACHE_METHODS } from '../../src/host/shapes';
import { recordingLog } from '../helpers/recording-log';

const INSTANCES = { DATABASE_CONNECTION_URI: 'postgresql://localhost/host' };
const settings = readSettings({ GUARD_ENABLED: 'true', RABBITMQ_URI: 'amqp://localhost', ...INSTANCES });
const engine = () => Object.fromEntries(CACHE_METHODS.map((method) => [method, () => undefined]));

function hostParts() {
  const eventEmitter = new EventEmitter();
  for (const event of ['logout.instance', 'remove.instance', 'no.connection']) eventEmitter.on(event, () => undefined);
  const rabbitmq = {
    emit: (_event: unknown) => undefined,
    init: () => undefined,
    get: (_name: string) => undefined,
    set: (_name: string, _data: unknown) => undefined,
  };
  const waMonitor = {
    eventEmitter,
    waInstances: {},
    cleaningUp: (_name: string) => undefined,
    cleaningStoreData: (_name: string) => undefined,
    setInstance: (_data: unknown) => undefined,
    delInstanceTime: (_name: string) => undefined,
  };
  const instanceController = {
    createInstance: (_data: unknown) => undefined,
    deleteInstance: (_instance: unknown) => undefined,
  };
  const channelController = { init: (_data: unknown, _parts: unknown): unknown => null };
  const webhook: Record<string, unknown> = {
    emit: (_event: unknown) => undefined,
    get: (_name: string) => undefined,
    set: (_name: string, _data: unknown) => undefined,
    prisma: { webhook: { findFirst: () => undefined } },
  };
  const config: Record<string, unknown> = { ENABLED: true, EXCHANGE_NAME: 'evolution', EVENTS: {} };
  const webhookConfig = { GLOBAL: { URL: '', ENABLED: false, WEBHOOK_BY_EVENTS: false }, EVENTS: {} };
  return {
    app: () => undefined,
    configService: { get: (key: string) => (key === 'WEBHOOK' ? webhookConfig : config) },
    config,
    webhook,
    host: {
      eventManager: { rabbitmq, webhook } as Record<string, unknown>,
      waMonitor,
      channelController,
      instanceController,
    },
  };
}

const verdictsOf = (parts: ReturnType<typeof hostParts>) =>
  Object.fromEntries(shakeHands(parts, settings).verdicts.map(({ feature, verdict }) => [feature, verdict]));

describe('handshake', () => {
  beforeAll(() => {
    cacheEngine(engine(), 'instance');
    cacheEngine(engine(), 'baileys');
  });

  it('a host with every shape has events on and the other seams in place', () => {
    expect(verdictsOf(hostParts())).toEqual({
      events: 'on',
      webhooks: 'off-by-setting',
      sends: 'on',
      instances: 'on',
      cache: 'passing-through',
    });
  });

  it('sends are handed the factory and the instances of the host, unless a setting keeps them stock', () => {
    const parts = hostParts();
    const { channelController: controller, waMonitor: monitor } = parts.host;
    expect(shakeHands(parts, settings).sends).toMatchObject({ controller, monitor });
    const off = shakeHands(parts, readSettings({ GUARD_ENABLED: 'true', GUARD_SENDS: 'false' }));
    expect(off.sends).toBeUndefined();
    const reason = 'GUARD_SENDS is false';
    expect(off.verdicts).toContainEqual({ feature: 'sends', verdict: 'off-by-setting', reason });
  });

  it('sends say which instances they act for', () => {
    const rollout = readSettings({ GUARD_ENABLED: 'true', GUARD_ROLLOUT: 'sends=canary-*' });
    const reason = 'sends keep the order of their chat for instances named canary-*';
    expect(shakeHands(hostParts(), rollout).verdicts).toContainEqual({ feature: 'sends', verdict: 'on', reason });
  });

  it('a required shape that is missing stops the start with one message that lists all of them', () => {
    const parts = hostParts();
    parts.host.eventManager = { rabbitmq: { emit: () => undefined, init: () => undefined } };
    expect(() => shakeHands({ ...parts, app: {} }, settings)).toThrow(
      /GUARD_HOST_SHAPE: .*app \(an Express application\); eventManager\.rabbitmq\.emit\(event\); eventManager\.rabbitmq\.get\(instance\); eventManager\.rabbitmq\.set\(instance, data\)\./,
    );
  });

  it('events are off where the host has RabbitMQ off', () => {
    const parts = hostParts();
    parts.config.ENABLED = false;
    expect(verdictsOf(parts).events).toBe('off-by-setting');
  });

  it('durable webhooks are on without RabbitMQ', () => {
    const parts = hostParts();
    parts.config.ENABLED = false;
    const durable = readSettings({ GUARD_ENABLED: 'true', GUARD_WEBHOOKS: 'durable' });
    const { webhooks, rabbitmq, verdicts } = shakeHands(parts, durable);
    expect([webhooks?.controller, rabbitmq]).toEqual([parts.webhook, undefined]);
    expect(verdicts).toContainEqual({
      feature: 'webhooks',
      verdict: 'on',
      reason: 'webhooks go through the outbox for all instances',
    });
  });

  it('durable webhooks whose settings cannot be read by the name of the instance stop the start', () => {
    const parts = hostParts();
    delete parts.webhook.prisma;
    const durable = readSettings({ GUARD_ENABLED: 'true', GUARD_WEBHOOKS: 'durable' });
    expect(() => shakeHands(parts, durable)).toThrow(/eventManager\.webhook\.prisma\.webhook\.findFirst/);
  });

  it('a second listener on a logout means that the clean-up is not what it was read to be', () => {
    const parts = hostParts();
    parts.host.waMonitor.eventEmitter.on('logout.instance', () => undefined);
    expect(() => verdictsOf(parts)).toThrow(/GUARD_HOST_SHAPE: .*exactly one listener of logout\.instance\./);
    const off = readSettings({ GUARD_ENABLED: 'true', GUARD_INSTANCES: 'false', ...INSTANCES });
    expect(shakeHands(parts, off).instances).toBeUndefined();
  });

  it('a factory with other parameters, or a host without instances, stops the start unless sends are off', () => {
    const parts = hostParts();
    parts.host.channelController.init = (_data: unknown) => null;
    Object.assign(parts.host.waMonitor, { waInstances: undefined });
    expect(() => verdictsOf(parts)).toThrow(
      /GUARD_HOST_SHAPE: .*channelController\.init\(data, parts\); waMonitor\.waInstances;/,
    );
    const off = readSettings({ GUARD_ENABLED: 'true', GUARD_SENDS: 'false' });
    expect(shakeHands(parts, off).sends).toBeUndefined();
  });

  it('a cache engine without a method that is used is told', () => {
    cacheEngine({ get: () => undefined }, 'groups');
    expect(verdictsOf(hostParts()).cache).toBe('host-lacks');
    cacheEngine(engine(), 'groups');
  });
});

describe('seams', () => {
  it('the cache seam gives back the very engine, or the nothing, that it was given', () => {
    const given = engine();
    expect(cacheEngine(given, 'instance')).toBe(given);
    expect(cacheEngine(undefined, 'chatwoot')).toBeUndefined();
  });

  class Business {
    constructor(readonly sent: unknown[] = []) {}
    protected sendMessageWithTyping(number: string, message: unknown, options?: unknown, isIntegration = false) {
      this.sent.push([number, message, options, isIntegration]);
      return Promise.resolve('sent');
    }
    textMessage(number: string) {
      return this.sendMessageWithTyping(number, { text: 'hello' }, undefined, true);
    }
    post(_message: unknown, _path: string) {
      return Promise.resolve();
    }
    eventHandler(_content: unknown) {
      return Promise.resolve();
    }
  }

  /** Seams with a handler, and a log of their own. */
  function join(controller: { init: (data: unknown, parts: unknown) => unknown }, handler: SendHandler) {
    const log = recordingLog();
    joinSends(controller, { handler, acknowledge: () => undefined, learnLid: () => undefined, log });
    return log;
  }

  it('a send from within the channel class passes the handler with everything that the host gave, once for each', async () => {
    const controller = { init: (_data: unknown, _parts: unknown) => new Business() };
    const calls: SendCall[] = [];
    const log = join(controller, (call, stock) => (calls.push(call), stock()));
    const [first] = [
      controller.init({ integration: 'WHATSAPP-BUSINESS' }, {}),
      controller.init({ integration: 'WHATSAPP-BUSINESS' }, {}),
    ];
    await expect(first.textMessage('5511')).resolves.toBe('sent');
    expect(first.sent).toEqual([['5511', { text: 'hello' }, undefined, true]]);
    expect(calls).toEqual([
      {
        integration: 'WHATSAPP-BUSINESS',
        method: 'sendMessageWithTyping',
        channel: first,
        args: ['5511', { text: 'hello' }, undefined, true],
      },
    ]);
    expect(log.lines).toEqual([]);
  });

  it('a channel class with another signature is left alone, and the operator is told', async () => {
    class Changed {
      sendMessageWithTyping(_all: object) {
        return Promise.resolve('stock');
      }
    }
    const controller = { init: (_data: unknown, _parts: unknown) => new Changed() };
    const log = join(controller, () => Promise.resolve('handled'));
    await expect(controller.init({ integration: 'EVOLUTION' }, {}).sendMessageWithTyping({})).resolves.toBe('stock');
    expect(log.lines).toMatchObject([{ level: 'error', fields: { expected: 4, found: 1 } }]);
  });

  it('edits and deletions of the Baileys channel pass the handler as well', async () => {
    class Baileys {
      messageHandle = {};
      updateMessage(data: object) {
        return Promise.resolve({ updated: data });
      }
      deleteMessage(data: object) {
        return Promise.resolve({ deleted: data });
      }
      protected sendMessageWithTyping(_number: string, _message: unknown, _options?: unknown, _isIntegration = false) {
        return Promise.resolve();
      }
      protected sendMessage(..._all: unknown[]) {
        return Promise.resolve();
      }
    }
    const controller = { init: (_data: unknown, _parts: unknown) => new Baileys() };
    const calls: unknown[] = [];
    const log = join(controller, ({ method, args }, stock) => (calls.push([method, ...args]), stock()));
    const channel = controller.init({ integration: 'WHATSAPP-BAILEYS' }, {});
    await expect(channel.updateMessage({ text: 'better' })).resolves.toEqual({ updated: { text: 'better' } });
    await expect(channel.deleteMessage({ id: 'W1' })).resolves.toEqual({ deleted: { id: 'W1' } });
    expect(calls).toEqual([
      ['updateMessage', { text: 'better' }],
      ['deleteMessage', { id: 'W1' }],
    ]);
    // Its sendMessage is not the one that is known: ids cannot be reserved.
    expect(log.lines).toMatchObject([{ level: 'error', fields: { found: 0 } }]);
  });

  it('what the factory does not make is given back as it is', () => {
    const controller = { init: (_data: unknown, _parts: unknown): unknown => null };
    const log = join(controller, (_call, stock) => stock());
    expect(controller.init({ integration: 'UNKNOWN' }, {})).toBeNull();
    expect(log.lines).toEqual([]);
  });
});
