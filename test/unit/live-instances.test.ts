import { describe, expect, it } from '@jest/globals';
import { createLiveInstances } from '../../src/host/live-instances';
import type { Monitor } from '../../src/host/shapes';
import type { HostInstance } from '../../src/stores/host-rows';
import { recordingLog } from '../helpers/recording-log';

/** A Baileys channel of the host with a socket that still saves what it is told to. */
function channelOf(instanceId: string) {
  const done: string[] = [];
  const record = (what: string) => () => Promise.resolve(void done.push(what));
  // Baileys and the host keep the object, and look its methods up at each call.
  const authState = {
    saveCreds: record('creds saved'),
    state: { creds: {}, keys: { get: record('keys read'), set: record('keys saved') } },
  };
  return {
    instanceId,
    done,
    endSession: false,
    client: {
      ws: { close: () => void done.push('socket closed') },
      end: (error: Error) => void done.push(`ended: ${error.message}`),
    },
    instance: { qrcode: { count: 7, code: 'old' } as object, authState },
    stateConnection: { state: 'open', statusReason: 200 } as object,
    connectToWhatsapp: record('connected'),
    /** What is left of the old socket writes. */
    write: async () => {
      await authState.saveCreds();
      await authState.state.keys.set();
    },
  };
}

function rigOf() {
  const log = recordingLog();
  const [shop, other] = [channelOf('id-shop'), channelOf('id-other')];
  const loaded: object[] = [];
  const unloaded: unknown[] = [];
  const waInstances: Record<string, unknown> = { broken: null, shop, other };
  const monitor = {
    waInstances,
    setInstance: (data: object) => Promise.resolve(void loaded.push(data)),
  } as unknown as Monitor;
  const live = createLiveInstances(monitor, log, (...given) => void unloaded.push(given));
  return { live, shop, other, waInstances, loaded, unloaded, log };
}

const row = (fields: Partial<HostInstance> = {}): HostInstance => ({
  ...{ id: 'id-back', name: 'back', connectionStatus: 'close', ownerJid: '5511@s.whatsapp.net', token: 'token' },
  ...{ integration: 'WHATSAPP-BAILEYS', number: '5511', businessId: null, clientName: 'client', ...fields },
});

describe('instances in the memory of the host', () => {
  it('are silenced: the socket ends, the host hears nothing of it, and it writes no credentials any more', async () => {
    const { live, shop, other } = rigOf();
    await shop.write();
    await live.silence('id-shop');
    expect(shop.endSession).toBe(true);
    const before = [...shop.done];
    expect(before).toEqual(['creds saved', 'keys saved', 'socket closed', 'ended: the session was reset']);
    await shop.write();
    expect(shop.done).toEqual(before);
    await other.write();
    expect([other.endSession, other.done]).toEqual([false, ['creds saved', 'keys saved']]);
  });

  it('are silenced although their socket complains, and where they have none', async () => {
    const { live, shop, waInstances, log } = rigOf();
    shop.client.ws.close = () => {
      throw new Error('not connected');
    };
    await live.silence('id-shop');
    expect([shop.endSession, log.lines.length]).toEqual([true, 1]);
    waInstances.bare = { instanceId: 'id-bare', client: null };
    await live.silence('id-bare');
    await live.silence('id-nobody');
  });

  it('are unloaded, silenced, and that is told', async () => {
    const { live, shop, waInstances, unloaded } = rigOf();
    live.unload('id-shop');
    expect([Object.keys(waInstances), unloaded]).toEqual([['broken', 'other'], [['id-shop', 'shop']]]);
    const before = shop.done.length;
    await shop.write();
    expect([shop.endSession, shop.done.length]).toEqual([true, before]);
    live.unload('id-shop');
    expect(unloaded).toHaveLength(1);
  });

  it('are unloaded by their id: another one that has the name by now stays', () => {
    const { live, waInstances } = rigOf();
    const second = channelOf('id-second');
    waInstances.shop = second;
    live.unload('id-shop');
    expect([waInstances.shop, second.endSession]).toEqual([second, false]);
  });

  it('begin anew with the next connect', () => {
    const { live, shop, other } = rigOf();
    live.renew('id-shop');
    expect(shop.instance.qrcode).toEqual({ count: 0 });
    expect(shop.stateConnection).toEqual({ state: 'close', statusReason: 200 });
    expect(other.instance.qrcode).toMatchObject({ count: 7 });
    live.renew('id-nobody');
  });

  it('are connected again behind what the host is doing, and a failure is told', async () => {
    const { live, shop, log } = rigOf();
    live.reconnect('id-shop');
    expect(shop.done).toEqual([]);
    await new Promise(setImmediate);
    expect(shop.done).toEqual(['connected']);
    shop.connectToWhatsapp = () => Promise.reject(new Error('no database'));
    live.reconnect('id-shop');
    live.reconnect('id-nobody');
    await log.until(() => log.lines.length === 1);
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { detail: 'no database' } }]);
  });

  it.each([
    ['with credentials', {}, true, 'connecting'],
    ['without', {}, false, 'close'],
    ['of another channel, which has none', { integration: 'EVOLUTION' }, false, 'connecting'],
  ])('are loaded as the host’s start does, %s', async (_words, fields, connects, connectionStatus) => {
    const { live, loaded } = rigOf();
    await live.load(row(fields), connects);
    expect(loaded).toEqual([
      {
        ...{ instanceId: 'id-back', instanceName: 'back', integration: 'WHATSAPP-BAILEYS', token: 'token' },
        ...{ number: '5511', businessId: null, ownerJid: '5511@s.whatsapp.net', connectionStatus, ...fields },
      },
    ]);
  });

  it('are not loaded a second time', async () => {
    const { live, loaded } = rigOf();
    await live.load(row({ name: 'shop' }), true);
    expect(loaded).toEqual([]);
  });
});
