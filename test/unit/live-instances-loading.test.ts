import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { createLiveInstances } from '../../src/host/live-instances';
import type { Emitter, Monitor } from '../../src/host/shapes';
import type { HostInstance } from '../../src/stores/host-rows';
import { createLog } from '../../src/core/log';

const SHOP: HostInstance = {
  ...{ id: 'id of shop', name: 'shop', connectionStatus: 'close', ownerJid: null, integration: 'WHATSAPP-BAILEYS' },
  ...{ number: null, businessId: null, token: null, clientName: 'client' },
};

/** A host that notes what it is asked for; its start loads the shop, not connected. */
function hostWith(hasStart: boolean) {
  const done: string[] = [];
  const channel = {
    instanceId: SHOP.id,
    stateConnection: { state: 'close' },
    connectToWhatsapp: () => Promise.resolve(done.push('connected')),
  };
  const monitor: Monitor = {
    waInstances: {},
    eventEmitter: new EventEmitter() as unknown as Emitter,
    setInstance(data) {
      done.push(`set ${JSON.stringify((data as { connectionStatus: string }).connectionStatus)}`);
      monitor.waInstances[SHOP.name] = channel;
      return Promise.resolve();
    },
  };
  if (hasStart) {
    monitor.loadInstance = () => {
      done.push('start');
      monitor.waInstances[SHOP.name] = channel;
      return Promise.resolve();
    };
  }
  return { monitor, done, live: createLiveInstances(monitor, createLog('silent'), () => undefined) };
}

describe('instances that are loaded into the memory of a host', () => {
  it('before its start wait for that, and are connected then instead of being loaded twice', async () => {
    const { monitor, done, live } = hostWith(true);
    await live.load(SHOP, true);
    expect(done).toEqual([]);
    await monitor.loadInstance?.();
    expect(done).toEqual(['start', 'connected']);
  });

  it('without credentials are not connected by that', async () => {
    const { monitor, done, live } = hostWith(true);
    await live.load(SHOP, false);
    await monitor.loadInstance?.();
    expect(done).toEqual(['start']);
  });

  it('after its start are loaded at once', async () => {
    const { monitor, done, live } = hostWith(true);
    await monitor.loadInstance?.();
    delete monitor.waInstances[SHOP.name];
    await live.load(SHOP, true);
    expect(done).toEqual(['start', 'set "connecting"']);
  });

  it('are loaded at once by a host of which no start is known', async () => {
    const { done, live } = hostWith(false);
    await live.load(SHOP, false);
    expect(done).toEqual(['set "close"']);
  });
});
