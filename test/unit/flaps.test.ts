import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { closedWith, type BaileysChannel } from '../helpers/baileys-channel';
import { createConnectionRig, valueOf } from '../helpers/connection-rig';

const clock = { now: () => jest.now(), monotonic: () => jest.now() };

describe('an instance that comes and goes', () => {
  let rig: ReturnType<typeof createConnectionRig>;
  let channel: BaileysChannel;

  beforeEach(() => {
    jest.useFakeTimers({ now: 1_000_000, doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    rig = createConnectionRig({ clock });
    channel = rig.load('shop');
  });

  afterEach(async () => {
    await rig.connections.stop();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);
  const change = (connection: 'open' | 'connecting') => channel.connectionUpdate({ connection });
  const alarms = () => rig.log.lines.filter(({ fields }) => fields['code'] === 'GUARD_INSTANCE_FLAPPING');
  /** So many changes, a second apart. */
  const flap = async (times: number) => {
    for (let time = 0; time < times; time += 1) {
      await change(time % 2 === 0 ? 'connecting' : 'open');
      await pass(1_000);
    }
  };
  const told = () => channel.told.map(([, data]) => data as { state: string; count?: number });

  it('is told of in full up to ten changes a minute', async () => {
    await flap(10);
    await pass(60_000);
    await flap(10);
    expect(told()).toHaveLength(20);
    expect(told().every(({ count }) => count === undefined)).toBe(true);
    expect(alarms()).toEqual([]);
  });

  it('is told of once a minute from then on, with the last state and how many it stands for', async () => {
    await flap(30);
    expect(told()).toHaveLength(11); // ten, and the one that was too many
    expect(told()[10]).toEqual({ instance: 'shop', state: 'connecting', statusReason: 200, count: 1 });
    await pass(60_000);
    expect(told().slice(11)).toEqual([{ instance: 'shop', state: 'open', statusReason: 200, count: 19 }]);
    expect(await valueOf(rig.metrics, 'instanceEventsFolded')).toBe(18);
  });

  it('raises one alarm for the whole time, until it was quiet for two minutes', async () => {
    await flap(30);
    await pass(100_000);
    await flap(1);
    expect(alarms()).toHaveLength(1);
    expect(alarms()[0]).toMatchObject({ level: 'error', fields: { instance: 'shop' } });
    expect(await valueOf(rig.metrics, 'instancesFlapping')).toBe(1);
    await pass(119_500);
    expect(await valueOf(rig.metrics, 'instancesFlapping')).toBe(0);
    expect(rig.log.lines.at(-1)).toMatchObject({ level: 'info', message: 'an instance is flapping no more' });
    channel.told = [];
    await flap(10);
    expect(told()).toHaveLength(10);
    await flap(6);
    expect(alarms()).toHaveLength(2);
  });

  it('counts repeats of a state as none', async () => {
    for (let time = 0; time < 20; time += 1) await change('open');
    expect(told()).toHaveLength(20);
    expect(alarms()).toEqual([]);
  });

  it('leaves other events and other instances alone', async () => {
    await flap(10);
    const other = rig.load('bar');
    await other.connectionUpdate(closedWith(401));
    expect(other.told).toHaveLength(1);
    await channel.sendDataWebhook('messages.upsert', { id: 1 });
    await channel.sendDataWebhook('messages.upsert', { id: 2 });
    expect(channel.told.slice(-2).map(([event]) => event)).toEqual(['messages.upsert', 'messages.upsert']);
  });

  it('has its last state told when the host stops, or the instance goes', async () => {
    await flap(14);
    expect(told()).toHaveLength(11);
    rig.connections.forget('shop');
    expect(told().slice(11)).toMatchObject([{ state: 'open', count: 3 }]);
    expect(jest.getTimerCount()).toBe(0);
    await flap(14);
    await rig.connections.stop();
    expect(told().at(-1)).toMatchObject({ count: 13 });
  });

  it('has a failure of the host to tell of it in the log', async () => {
    await flap(13);
    channel.emit = () => Promise.reject(new Error('no sink'));
    await pass(60_000);
    expect(rig.log.lines.at(-1)).toMatchObject({ level: 'warn', fields: { instance: 'shop', detail: 'no sink' } });
  });
});
