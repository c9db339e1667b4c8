import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { closedWith, type BaileysChannel } from '../helpers/baileys-channel';
import { createConnectionRig, valueOf } from '../helpers/connection-rig';

const clock = { now: () => jest.now(), monotonic: () => jest.now() };
const LOST = closedWith(428, 'Connection Terminated');

describe('reconnects of an instance', () => {
  let rig: ReturnType<typeof createConnectionRig>;
  let channel: BaileysChannel;
  let randomness: number;

  beforeEach(() => {
    jest.useFakeTimers({ now: 1_000_000, doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    randomness = 1;
    rig = createConnectionRig({ clock, random: () => randomness });
    channel = rig.load('shop');
  });

  afterEach(async () => {
    await rig.connections.stop();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);
  /** The instance is connected, and its socket open. */
  const connect = async () => {
    await channel.connectToWhatsapp();
    channel.client?.say({ connection: 'connecting' });
    channel.client?.say({ connection: 'open' });
    channel.connects = [];
  };
  /** The socket that there is now is lost. */
  const lose = (update = LOST) => channel.client?.say(update);
  /** Milliseconds until the host has connected once more. */
  const timeToConnect = async () => {
    const [before, since] = [channel.connects.length, jest.now()];
    for (let ms = 0; channel.connects.length === before && ms < 120_000; ms += 100) await pass(100);
    return jest.now() - since;
  };

  it('come after a second, and twice as late each time up to the longest pause', async () => {
    await connect();
    const pauses = [];
    for (let time = 0; time < 8; time += 1) {
      lose();
      pauses.push(await timeToConnect());
      channel.client?.say({ connection: 'connecting' });
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect(await valueOf(rig.metrics, 'instanceReconnects')).toBe(8);
  });

  it('are spread out by chance over half of the pause', async () => {
    await connect();
    randomness = 0;
    lose();
    expect(await timeToConnect()).toBe(500);
  });

  it('begin with a short pause again when the connection was open for a minute', async () => {
    await connect();
    lose();
    await timeToConnect();
    channel.client?.say({ connection: 'open' });
    await pass(59_000);
    lose();
    expect(await timeToConnect()).toBe(2_000);
    channel.client?.say({ connection: 'open' });
    await pass(60_000);
    lose();
    expect(await timeToConnect()).toBe(1_000);
  });

  it('come at once after a pairing, but not again and again', async () => {
    await connect();
    lose(closedWith(515, 'Stream Errored (restart required)'));
    await pass(0);
    expect(channel.connects).toHaveLength(1);
    channel.client?.say({ connection: 'connecting' });
    lose(closedWith(515));
    expect(await timeToConnect()).toBe(1_000);
  });

  it('come at once where a user has asked for a restart', async () => {
    await connect();
    channel.client?.end(new Error('restart'));
    await pass(0);
    expect(channel.connects).toHaveLength(1);
  });

  it('give way to a user who connects, and do not connect a second time', async () => {
    await connect();
    lose();
    await pass(300);
    expect(await channel.connectToWhatsapp('5511988887777')).toBe(channel.client);
    expect(channel.connects).toEqual(['5511988887777']);
    channel.client?.say({ connection: 'connecting' });
    await pass(120_000);
    expect(channel.connects).toHaveLength(1);
    lose();
    expect(await timeToConnect()).toBe(1_000); // it was asked for: the pauses begin anew
  });

  it('go on when the connect of a user fails', async () => {
    await connect();
    lose();
    channel.gate = () => Promise.reject(new Error('no database'));
    await expect(channel.connectToWhatsapp()).rejects.toThrow('no database');
    channel.gate = () => Promise.resolve();
    await timeToConnect();
    expect(channel.connects).toHaveLength(2);
    expect(channel.client?.ended).toBeUndefined();
  });

  it('are tried again when the host cannot make a socket, which it would leave at that', async () => {
    await connect();
    channel.gate = () => Promise.reject(new Error('no database'));
    lose();
    const before = channel.client;
    await pass(7_500); // after 1, 3 and 7 seconds
    expect(channel.connects).toHaveLength(3);
    channel.gate = () => Promise.resolve();
    await timeToConnect();
    expect(channel.client).not.toBe(before);
    const failures = rig.log.lines.filter(({ message }) => message === 'a reconnect failed; tried again');
    expect(failures.map(({ fields }) => fields['detail'])).toEqual(Array(3).fill('no database'));
  });

  it('never run twice at the same time: the second gets what the first one gets', async () => {
    let open = () => {};
    channel.gate = () => new Promise((resolve) => (open = resolve));
    const both = [channel.connectToWhatsapp(), channel.connectToWhatsapp('5511988887777')];
    void channel.connectionUpdate(LOST); // of a socket that was there before
    await pass(500);
    open();
    const [first, second] = await Promise.all(both);
    channel.client?.say({ connection: 'connecting' });
    await pass(120_000);
    expect(channel.connects).toEqual([null]);
    expect([first, second]).toEqual([channel.client, channel.client]);
  });

  it('do not follow a connect whose socket has not said anything yet', async () => {
    const first = await channel.connectToWhatsapp();
    expect(await channel.connectToWhatsapp()).toBe(first);
    await pass(5_000);
    expect(await channel.connectToWhatsapp()).not.toBe(first); // it was silent for too long
  });

  it('end when the host has connected past them', async () => {
    await connect();
    lose();
    await pass(300);
    await channel.connectionUpdate({ connection: 'connecting' }); // of a socket of its reloadConnection
    await pass(120_000);
    expect(channel.connects).toEqual([]);
  });

  it('end with the instance, and with the host', async () => {
    await connect();
    lose();
    await pass(300);
    rig.connections.forget('shop');
    await pass(0);
    expect(jest.getTimerCount()).toBe(0);
    lose();
    delete rig.monitor.waInstances['shop']; // nobody has said so
    await pass(120_000);
    expect(await valueOf(rig.metrics, 'instancesWaiting')).toBe(0);
    rig.monitor.waInstances['shop'] = channel;
    lose();
    await pass(300);
    expect(await valueOf(rig.metrics, 'instancesWaiting')).toBe(1);
    await rig.connections.stop();
    lose();
    await pass(120_000);
    expect(channel.connects).toEqual([]);
  });

  it('do not take a connect for their own that a socket of theirs leads to', async () => {
    await connect();
    let hear = () => {};
    const heard = new Promise<void>((resolve) => (hear = resolve));
    channel.gate = () => {
      void heard.then(() => channel.connectToWhatsapp('5511988887777')); // as what a socket says comes in its own context
      return Promise.resolve();
    };
    lose();
    await timeToConnect();
    channel.gate = () => Promise.resolve();
    channel.client?.say({ connection: 'connecting' });
    hear();
    await pass(0);
    expect(channel.connects).toEqual([null, '5511988887777']);
  });
});
