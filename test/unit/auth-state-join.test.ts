import { beforeEach, describe, expect, it } from '@jest/globals';
import { joinAuthState } from '../../src/host/auth-state-join';
import type { ChannelController, Monitor } from '../../src/host/shapes';
import { recordingLog, type RecordingLog } from '../helpers/recording-log';
import { until } from '../helpers/until';

interface Channel {
  instanceName: string;
  instanceId: string;
  defineAuthState(): Promise<string>;
}

let log: RecordingLog;
let monitor: Monitor;
let controller: ChannelController;
/** What the host makes next. */
let make: () => unknown;
/** Instances whose credentials the host asked for. */
let read: string[];
let isReadable: boolean;
let unread: Set<string>;
/** Those who wait for Redis. */
let waiting: (() => void)[];
/** Those who wait for their next attempt, although Redis is there. */
let paused: (() => void)[];

beforeEach(() => {
  log = recordingLog();
  monitor = { waInstances: {} } as unknown as Monitor;
  [read, waiting, paused, isReadable, unread] = [[], [], [], true, new Set()];
  class Baileys implements Channel {
    instanceName = 'shop';
    instanceId = 'id of shop';
    defineAuthState() {
      read.push(this.instanceName);
      return Promise.resolve(`state of ${this.instanceName}`);
    }
  }
  make = () => new Baileys();
  controller = { init: (_data, _parts) => make() };
  joinAuthState({
    channels: controller,
    monitor,
    isReadable: () => isReadable,
    readable: () => new Promise((resolve) => waiting.push(resolve)),
    pause: () => new Promise((resolve) => paused.push(resolve)),
    isUnread: (instanceId) => unread.has(instanceId),
    log,
  });
});

const init = (integration: unknown = 'WHATSAPP-BAILEYS') => controller.init({ integration }, {}) as Channel;

function becomeReadable(): void {
  isReadable = true;
  for (const goOn of waiting.splice(0)) goOn();
}

describe('an instance whose credentials can be read', () => {
  it('is connected as ever, whether it is loaded or not', async () => {
    const channel = init();
    expect(await channel.defineAuthState()).toBe('state of shop');
    monitor.waInstances = { shop: channel };
    expect(await channel.defineAuthState()).toBe('state of shop');
    expect([read, log.lines]).toEqual([['shop', 'shop'], []]);
  });

  it('is one of many that are joined together', async () => {
    const one = init();
    const joined: unknown = Reflect.get(one, 'defineAuthState');
    const other = Object.assign(init(), { instanceName: 'other' });
    expect(Reflect.get(other, 'defineAuthState')).toBe(joined);
    expect([await one.defineAuthState(), await other.defineAuthState()]).toEqual(['state of shop', 'state of other']);
  });
});

describe('an instance whose credentials cannot be read', () => {
  it('waits for them while it is loaded, and is told of once', async () => {
    monitor.waInstances = { another: {} };
    isReadable = false;
    const state = init().defineAuthState();
    await until(() => waiting.length === 1);
    expect(read).toEqual([]);
    for (const goOn of waiting.splice(0)) goOn(); // away again already
    await until(() => waiting.length === 1);
    becomeReadable();
    expect([await state, read]).toEqual(['state of shop', ['shop']]);
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { instance: 'shop' } }]);
  });

  it('is tried again after a pause where Redis is there, since what the host made instead must not be used', async () => {
    unread.add('id of shop');
    const state = init().defineAuthState();
    for (const attempts of [1, 2]) {
      await until(() => paused.length === 1);
      expect([read.length, waiting]).toEqual([attempts, []]);
      if (attempts === 2) unread.clear();
      paused.shift()?.();
    }
    expect([await state, read.length, log.lines.length]).toEqual(['state of shop', 3, 1]);
  });

  it('waits for Redis where that went away while they were read', async () => {
    unread.add('id of shop');
    const channel = init();
    const state = channel.defineAuthState();
    isReadable = false;
    await until(() => waiting.length === 1);
    unread.clear();
    becomeReadable();
    expect([await state, paused]).toEqual(['state of shop', []]);
  });

  it('is connected when only those of others could not be read', async () => {
    unread.add('id of another');
    expect(await init().defineAuthState()).toBe('state of shop');
  });

  it.each([
    ['Redis is away', () => void (isReadable = false)],
    ['Redis goes away meanwhile', () => void unread.add('id of shop')],
  ])('is told of to whoever asks for a connection where %s', async (_case, goAway) => {
    const channel = init();
    monitor.waInstances = { shop: channel };
    goAway();
    await expect(channel.defineAuthState()).rejects.toThrow('credentials cannot be read');
    expect([waiting, paused]).toEqual([[], []]);
  });

  it('fails as ever where the host fails', async () => {
    make = () => ({ defineAuthState: () => Promise.reject(new Error('no room')) });
    await expect(init().defineAuthState()).rejects.toThrow('no room');
  });
});

describe('channels that have no credentials in the cache', () => {
  it.each(['WHATSAPP-BUSINESS', 'EVOLUTION', undefined])('are left as they are: %s', async (integration) => {
    isReadable = false;
    const channel = controller.init(integration === undefined ? undefined : { integration }, {}) as Channel;
    expect(await channel.defineAuthState()).toBe('state of shop');
    expect(log.lines).toEqual([]);
  });

  it('are given back as they are where the host makes none', () => {
    make = () => null;
    expect([init(), log.lines]).toEqual([null, []]);
  });

  it('are told of where they should have some', () => {
    make = () => ({ instanceName: 'shop' });
    expect(init()).toEqual({ instanceName: 'shop' });
    expect(log.lines).toMatchObject([{ level: 'error' }]);
  });
});
