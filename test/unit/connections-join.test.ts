import { afterEach, describe, expect, it } from '@jest/globals';
import { loadedConnections } from '../../src/host/connections-join';
import { baileysChannelClass, closedWith } from '../helpers/baileys-channel';
import { createConnectionRig, type ConnectionRigOptions } from '../helpers/connection-rig';
import { until } from '../helpers/until';

describe('connections of the host’s Baileys channels', () => {
  let rig: ReturnType<typeof createConnectionRig>;
  const rigWith = (options?: ConnectionRigOptions) => (rig = createConnectionRig(options));

  afterEach(() => rig.connections.stop());

  const reasons = () => rig.instances.entries.map(({ event, reason }) => `${event}: ${reason}`);

  it('have every change of their state written, with the reason in words', async () => {
    const channel = rigWith().load('shop');
    await channel.connectToWhatsapp();
    await channel.connectionUpdate({ connection: 'connecting' });
    await channel.connectionUpdate({ qr: 'a code' });
    await channel.connectionUpdate({ connection: 'open' });
    void channel.connectionUpdate(closedWith(440, 'Stream Errored (conflict)'));
    await channel.connectToWhatsapp();
    await channel.connectionUpdate({ connection: 'connecting' });
    await channel.connectionUpdate(closedWith(401));
    await until(() => rig.instances.entries.length === 5, reasons);
    expect(reasons()).toEqual([
      'new -> connecting: connecting',
      'connecting -> open: connected',
      'open -> close: replaced by another connection with the same session (440): Stream Errored (conflict)',
      'close -> connecting: connecting',
      'connecting -> close: logged out (401)',
    ]);
    expect(rig.connections.recentCodes('shop').map(({ code }) => code)).toEqual([440, 401]);
    expect(channel.told.map(([, data]) => (data as { state: string }).state)).toEqual([
      'connecting',
      'open',
      'connecting',
      'close',
    ]);
  });

  it('are closed for everybody when nobody scans the code, of which the socket says nothing', async () => {
    const channel = rigWith().load('shop');
    await channel.connectionUpdate({ connection: 'connecting' });
    await channel.sendDataWebhook('connection.update', { instance: 'shop', state: 'refused' });
    await until(() => rig.instances.records.get('id-shop')?.state === 'close');
    expect(reasons().at(-1)).toBe('connecting -> close: no QR code was scanned');
    expect(channel.told.at(-1)).toEqual(['connection.update', { instance: 'shop', state: 'refused' }]);
  });

  it('keep the last ten codes until the instance is gone', () => {
    const channel = rigWith().load('shop');
    for (let code = 401; code <= 403; code += 1) void channel.connectionUpdate(closedWith(code));
    for (let time = 0; time < 9; time += 1) void channel.connectionUpdate(closedWith(403));
    const codes = rig.connections.recentCodes('shop');
    expect(codes.map(({ code }) => code)).toEqual([403, ...Array<number>(9).fill(403)]);
    rig.connections.forget('shop');
    expect(rig.connections.recentCodes('shop')).toEqual([]);
  });

  it('are left alone where the instance is not in the rollout', async () => {
    const channel = rigWith({ isGuarded: (name) => name !== 'shop' }).load('shop');
    channel.gate = () => Promise.reject(new Error('no database'));
    await expect(channel.connectionUpdate(closedWith(428))).rejects.toThrow('no database'); // at once, as stock
    for (let time = 0; time < 10; time += 1) await channel.connectionUpdate({ connection: 'connecting' });
    expect([channel.told.length, rig.instances.asked]).toEqual([10, []]);
    expect(loadedConnections(rig.monitor, (name) => name !== 'shop')).toEqual([]);
  });

  it('are left alone, and spoken of, where the class has other methods', async () => {
    class Other {
      instance = {};
      updates: unknown[] = [];
      connectionUpdate(update: unknown, _more: unknown) {
        this.updates.push(update);
        return Promise.resolve();
      }
    }
    const channel = rigWith({ Channel: Other }).load('shop') as unknown as Other;
    rig.load('bar');
    await channel.connectionUpdate({ connection: 'open' }, 1);
    expect(channel.updates).toEqual([{ connection: 'open' }]);
    expect(rig.log.lines).toMatchObject([
      { level: 'error', fields: { methods: ['connectionUpdate', 'connectToWhatsapp', 'sendDataWebhook'] } },
    ]);
    expect(loadedConnections(rig.monitor, () => true)).toEqual([]);
  });

  it('are joined once for the class, and on that class alone', async () => {
    const Channel = baileysChannelClass();
    const [stock] = [Object.getPrototypeOf(Channel.prototype) as { sendDataWebhook: unknown }];
    const inherited = stock.sendDataWebhook;
    rigWith({ Channel });
    rig.load('shop', 'EVOLUTION');
    expect(Object.hasOwn(Channel.prototype, 'sendDataWebhook')).toBe(false);
    const channel = rig.load('shop');
    rig.load('bar');
    expect(stock.sendDataWebhook).toBe(inherited);
    await channel.connectionUpdate({ connection: 'open' });
    await rig.connections.stop();
    expect(rig.instances.entries).toHaveLength(1);
  });

  it('come through whatever the socket says', async () => {
    const channel = rigWith().load('shop');
    const odd = [{}, { connection: 'odd' }, { connection: 'close', lastDisconnect: { error: 'text' } }];
    for (const update of odd) void channel.connectionUpdate(update as never);
    await until(() => rig.instances.entries.length === 1);
    expect(reasons()).toEqual(['new -> close: closed without a code']);
  });

  it('are found dead and connected again by the looks that are taken from time to time', async () => {
    const channel = rigWith().load('shop');
    rig.load('bar');
    const { client } = { client: await channel.connectToWhatsapp() };
    await channel.connectionUpdate({ connection: 'open' });
    client.ws.isOpen = false;
    rig.connections.start();
    await until(() => channel.client !== client);
    expect(client.ended?.message).toBe('socket does not answer');
    await until(() => rig.instances.records.get('id-shop')?.state === 'close');
    expect(rig.instances.records.get('id-bar')).toMatchObject({ state: 'close', reason: 'first seen' });
    expect(rig.instances.eventsOf('id-shop')).toContain('socket dead');
  });

  it('do not hold up the end of the host when one of them is silent', async () => {
    const channel = rigWith().load('shop');
    const client = await channel.connectToWhatsapp();
    client.answer = () => new Promise(() => undefined);
    await channel.connectionUpdate({ connection: 'open' });
    rig.connections.start();
    await until(() => client.asked.length === 1);
    const since = performance.now();
    await rig.connections.stop();
    expect(performance.now() - since).toBeLessThan(2_000);
  });

  it('are looked at again after the database was away', async () => {
    rigWith().load('shop');
    rig.instances.before = () => {
      throw new Error('the database is away');
    };
    rig.connections.start();
    await rig.log.until(() => rig.log.lines.some(({ message }) => message.includes('could not be looked at')));
    rig.instances.before = () => undefined;
    await until(() => rig.instances.records.size === 1);
  });
});
