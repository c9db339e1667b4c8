import { beforeAll, describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { readSettings } from '../../src/core/settings';
import { cacheEngine } from '../../src/host/cache-seam';
import { shakeHands } from '../../src/host/handshake';
import { CACHE_METHODS } from '../../src/host/shapes';

const INSTANCES = { DATABASE_CONNECTION_URI: 'postgresql://localhost/host' };
const settings = readSettings({ GUARD_ENABLED: 'true', RABBITMQ_URI: 'amqp://localhost', ...INSTANCES });
const REDIS = { ENABLED: true, URI: 'redis://localhost', PREFIX_KEY: 'evolution', TTL: 600, SAVE_INSTANCES: false };
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
  const redis: Partial<typeof REDIS> = { ...REDIS };
  const configs: Record<string, unknown> = { RABBITMQ: config, WEBHOOK: webhookConfig, CACHE: { REDIS: redis } };
  return {
    app: () => undefined,
    configService: { get: (key: string) => configs[key] },
    config,
    redis,
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
      cache: 'on',
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
    const off = readSettings({ GUARD_ENABLED: 'true', GUARD_SENDS: 'false', GUARD_CACHE: 'false' });
    expect(shakeHands(parts, off).sends).toBeUndefined();
  });

  it('a cache engine without a method that is used stops the start unless the cache is off', () => {
    cacheEngine({ get: () => undefined }, 'groups');
    expect(() => verdictsOf(hostParts())).toThrow(/GUARD_HOST_SHAPE: .*the cache "groups" has no hGet, set, /);
    const off = readSettings({ GUARD_ENABLED: 'true', GUARD_CACHE: 'false', ...INSTANCES });
    const { cache, verdicts } = shakeHands(hostParts(), off);
    expect(cache).toBeUndefined();
    const reason = 'GUARD_CACHE is false';
    expect(verdicts).toContainEqual({ feature: 'cache', verdict: 'off-by-setting', reason });
    cacheEngine(engine(), 'groups');
  });

  it('the cache is handed its settings in the host, the factory and the instances', () => {
    const parts = hostParts();
    const { channelController: channels, waMonitor: monitor } = parts.host;
    const { cache, verdicts } = shakeHands(parts, settings);
    expect(cache).toEqual({ config: REDIS, channels, monitor });
    const reason = 'the cache is read and written on the Redis primary alone';
    expect(verdicts).toContainEqual({ feature: 'cache', verdict: 'on', reason });
  });

  it.each([
    ['CACHE_REDIS_ENABLED is not true', { ENABLED: false }],
    ['CACHE_REDIS_URI is not set', { URI: '' }],
  ])('the cache is off where %s', (reason, given) => {
    const parts = hostParts();
    Object.assign(parts.redis, given);
    const { cache, verdicts } = shakeHands(parts, settings);
    expect(cache).toBeUndefined();
    expect(verdicts).toContainEqual({ feature: 'cache', verdict: 'off-by-setting', reason });
  });

  it.each(['ENABLED', 'URI', 'PREFIX_KEY', 'TTL', 'SAVE_INSTANCES'] as const)(
    'a host whose settings of the cache lack %s stops the start',
    (name) => {
      const parts = hostParts();
      delete parts.redis[name];
      expect(() => verdictsOf(parts)).toThrow(/GUARD_HOST_SHAPE: .*configService\.get\('CACHE'\)\.REDIS with ENABLED/);
    },
  );

  it('the cache needs the factory and the instances as well', () => {
    const parts = hostParts();
    parts.host.channelController.init = (_data: unknown) => null;
    Object.assign(parts.host.waMonitor, { waInstances: undefined });
    const cacheAlone = readSettings({ GUARD_ENABLED: 'true', GUARD_SENDS: 'false', GUARD_INSTANCES: 'false' });
    expect(() => shakeHands(parts, cacheAlone)).toThrow(
      /GUARD_HOST_SHAPE: .*channelController\.init\(data, parts\); waMonitor\.waInstances\./,
    );
  });
});
