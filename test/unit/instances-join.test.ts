import { afterEach, describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { joinInstances, type InstanceHandler } from '../../src/host/instances-join';
import type { ChannelController, InstanceController, Monitor } from '../../src/host/shapes';
import { recordingLog } from '../helpers/recording-log';

/** What the host has, as far as it is joined: src/api/services/monitor.service.ts and src/api/controllers/instance.controller.ts. */
function host() {
  const emitter = new EventEmitter();
  const done: string[] = [];
  for (const event of ['logout.instance', 'remove.instance', 'no.connection'])
    emitter.on(event, (instance: string, from?: string) => void done.push(`${event} ${instance} ${from ?? ''}`.trim()));
  const timers: NodeJS.Timeout[] = [];
  const monitor: Monitor = {
    waInstances: {},
    eventEmitter: emitter as unknown as Monitor['eventEmitter'],
    delInstanceTime: (instance) =>
      void timers.push(setTimeout(() => emitter.emit('remove.instance', instance, 'inner'), 10)),
  };
  /** What the host does while it creates or deletes. */
  const at: { create: () => unknown; delete: () => unknown } = { create: () => 'made', delete: () => 'gone' };
  const controller: InstanceController = {
    createInstance: () => Promise.resolve().then(() => at.create()),
    deleteInstance: () => Promise.resolve().then(() => at.delete()),
  };
  class Baileys {
    instanceName = 'shop';
    logouts = 0;
    logoutInstance() {
      this.logouts += 1;
      return Promise.resolve();
    }
  }
  class Other {
    logoutInstance = () => Promise.resolve();
  }
  const channels: ChannelController = {
    init: (data) =>
      (data as { integration?: string }).integration === 'WHATSAPP-BAILEYS' ? new Baileys() : new Other(),
  };
  return { emitter, monitor, controller, channels, done, at, timers };
}

function joined() {
  const parts = host();
  const log = recordingLog();
  const told: unknown[] = [];
  const stocks: (() => unknown)[] = [];
  const handler: InstanceHandler = {
    event: (event, instance, request, stock) => {
      told.push([event, instance, request]);
      stocks.push(stock);
    },
    deleted: (instance) => Promise.resolve(void told.push(['deleted', instance])),
    logout: async (instance, stock) => {
      told.push(['logout', instance]);
      await stock();
    },
    created: (instance, stock) => {
      told.push(['created', instance]);
      stocks.push(stock);
    },
  };
  joinInstances(parts, handler, log);
  return { ...parts, told, stocks, handler, log };
}

describe('what the host tells of instances', () => {
  let rig: ReturnType<typeof joined>;
  afterEach(() => rig.timers.forEach((timer) => clearTimeout(timer)));

  it('goes to the handler instead of the host’s own listener, which the handler can still call', () => {
    rig = joined();
    for (const event of ['logout.instance', 'remove.instance', 'no.connection']) {
      rig.emitter.emit(event, 'shop', 'inner');
      expect(rig.emitter.listeners(event)).toHaveLength(1);
    }
    expect(rig.told).toEqual([
      ['logout.instance', 'shop', undefined],
      ['remove.instance', 'shop', undefined],
      ['no.connection', 'shop', undefined],
    ]);
    expect(rig.done).toEqual([]);
    for (const stock of rig.stocks) stock();
    expect(rig.done).toEqual(['logout.instance shop inner', 'remove.instance shop inner', 'no.connection shop inner']);
  });

  it('stays the host’s where it names no instance', () => {
    rig = joined();
    rig.emitter.emit('remove.instance', undefined);
    expect([rig.told, rig.done]).toEqual([[], ['remove.instance undefined']]);
  });

  it('is taken for what was asked of the host while it is at it', async () => {
    rig = joined();
    rig.at.create = async () => {
      await pause(1);
      rig.emitter.emit('remove.instance', 'new', 'inner');
      throw new Error('refused');
    };
    rig.at.delete = async () => {
      await pause(1);
      rig.emitter.emit('remove.instance', 'old', 'inner');
      return 'gone';
    };
    const create = rig.controller.createInstance({ instanceName: 'new' });
    const remove = rig.controller.deleteInstance({ instanceName: 'old' });
    rig.emitter.emit('remove.instance', 'third', 'inner');
    await expect(create).rejects.toThrow('refused');
    expect(await remove).toBe('gone');
    expect(rig.told).toEqual([
      ['remove.instance', 'third', undefined],
      ['remove.instance', 'new', 'create'],
      ['remove.instance', 'old', 'delete'],
      ['deleted', 'old'],
    ]);
  });

  it.each(['create', 'delete'] as const)(
    'is not taken for a %s when a timer tells it that was begun then',
    async (request) => {
      rig = joined();
      rig.handler.created = (_instance, stock) => stock();
      rig.at[request] = () => rig.monitor.delInstanceTime?.('shop');
      if (request === 'create') await rig.controller.createInstance({});
      else await rig.controller.deleteInstance({ instanceName: 'shop' });
      await new Promise((resolve) => rig.emitter.once('remove.instance', resolve));
      expect(rig.told.filter((each) => (each as string[])[0] === 'remove.instance')).toEqual([
        ['remove.instance', 'shop', undefined],
      ]);
    },
  );

  it('holds the answer to a delete until the handler lets it go, and not one that failed', async () => {
    rig = joined();
    let goOn: () => void = () => undefined;
    rig.handler.deleted = () => new Promise((resolve) => (goOn = resolve));
    let isAnswered = false;
    const remove = rig.controller.deleteInstance({ instanceName: 'shop' }).then(() => (isAnswered = true));
    await pause(5);
    expect(isAnswered).toBe(false);
    goOn();
    await remove;
    rig.at.delete = () => Promise.reject(new Error('no such instance'));
    await expect(rig.controller.deleteInstance({ instanceName: 'shop' })).rejects.toThrow('no such instance');
  });

  it('counts DEL_INSTANCE with the handler', () => {
    rig = joined();
    rig.monitor.delInstanceTime?.('shop');
    expect([rig.told, rig.timers.length]).toEqual([[['created', 'shop']], 0]);
    rig.stocks[0]?.();
    expect(rig.timers).toHaveLength(1);
  });

  it('logs out through the handler, for Baileys alone, and joins its class once', async () => {
    rig = joined();
    const [first] = [1, 2, 3].map(() => rig.channels.init({ integration: 'WHATSAPP-BAILEYS' }, {})) as {
      logoutInstance: () => Promise<void>;
      logouts: number;
    }[];
    await first?.logoutInstance();
    expect([rig.told, first?.logouts]).toEqual([[['logout', 'shop']], 1]);
    const other = rig.channels.init({ integration: 'EVOLUTION' }, {}) as { logoutInstance: () => Promise<void> };
    await other.logoutInstance();
    expect(rig.told).toHaveLength(1);
    expect(rig.log.lines).toEqual([]);
  });

  it('says so where the channel of Baileys has no logout', () => {
    const parts = host();
    parts.channels.init = () => ({});
    const log = recordingLog();
    rig = { ...joined(), timers: [] };
    joinInstances(parts, rig.handler, log);
    parts.channels.init({ integration: 'WHATSAPP-BAILEYS' }, {});
    expect(log.lines).toMatchObject([{ level: 'error', message: expect.stringContaining('no logoutInstance') }]);
  });
});
