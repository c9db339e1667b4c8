import type { HostInstance } from '../stores/host-rows';
import type { LiveInstances } from '../instances/live';
import type { Log } from '../core/log';
import { describe } from '../core/errors';
import { endCredentialWrites, type Instance } from './credential-writes';
import type { Monitor } from './shapes';

/** src/api/integrations/channel/whatsapp/whatsapp.baileys.service.ts, as far as it is touched. */
interface Channel {
  instanceId?: unknown;
  endSession?: boolean;
  client?: { ws?: { close?: () => unknown }; end?: (error: Error) => unknown } | null;
  instance?: Instance & { qrcode?: unknown };
  stateConnection?: unknown;
  connectToWhatsapp?: (number?: string) => Promise<unknown>;
}

/** Instances in the memory of this host. @param unloaded told of each that is taken out of it. */
export function createLiveInstances(
  monitor: Monitor,
  log: Log,
  unloaded: (instanceId: string, name: string) => void,
): LiveInstances {
  const behindStart = joinStart(monitor, log);
  const find = (instanceId: string): Channel | undefined =>
    (Object.values(monitor.waInstances) as (Channel | null)[]).find((each) => each?.instanceId === instanceId) ??
    undefined;

  const silence = async (channel: Channel | undefined) => {
    if (!channel?.client) return;
    channel.endSession = true; // the host then passes over all events of this socket
    const written = channel.instance && endCredentialWrites(channel.instance);
    try {
      channel.client.ws?.close?.();
      channel.client.end?.(new Error('the session was reset'));
    } catch (error) {
      log.debug({ detail: describe(error) }, 'a socket that was ended complained');
    }
    await written;
  };

  return {
    silence: (instanceId) => silence(find(instanceId)),

    unload(instanceId) {
      const channel = find(instanceId);
      if (!channel) return;
      void silence(channel);
      for (const [name, each] of Object.entries(monitor.waInstances)) {
        if (each !== channel) continue;
        delete monitor.waInstances[name];
        unloaded(instanceId, name);
      }
    },

    renew(instanceId) {
      const channel = find(instanceId);
      if (!channel?.instance) return;
      channel.instance.qrcode = { count: 0 };
      channel.stateConnection = { state: 'close', statusReason: 200 };
    },

    reconnect(instanceId) {
      // Behind the host's own handling of the disconnect, which ends the socket once more.
      setImmediate(() => {
        void find(instanceId)
          ?.connectToWhatsapp?.()
          .catch((error: unknown) => log.warn({ detail: describe(error) }, 'an instance could not be reconnected'));
      });
    },

    load: (instance, connects) =>
      behindStart(async () => {
        const channel = find(instance.id);
        // The host's own start loads what is not hidden, and connects only what was connected.
        if (channel && connects && isClosed(channel)) await channel.connectToWhatsapp?.();
        else if (monitor.waInstances[instance.name] === undefined)
          await monitor.setInstance?.(hostDataOf(instance, connects));
      }),
  };
}

const isClosed = ({ stateConnection }: Channel) =>
  (stateConnection as { state?: unknown } | undefined)?.state === 'close';

/**
 * The host loads its instances once, later than the plugin starts: one that was loaded before would be loaded twice, and two
 * sockets would have the same credentials.
 *
 * @returns what does work at once, or when the host has loaded its instances: then nobody waits for it.
 */
function joinStart(monitor: Monitor, log: Log): (work: () => Promise<void>) => Promise<void> {
  let waiting: (() => Promise<void>)[] | undefined = [];
  const stock = monitor.loadInstance?.bind(monitor);
  if (!stock) return (work) => work();
  monitor.loadInstance = async () => {
    await stock();
    const all = waiting ?? [];
    waiting = undefined;
    for (const work of all)
      await work().catch((error: unknown) => log.warn({ detail: describe(error) }, 'an instance could not be loaded'));
  };
  return async (work) => {
    if (waiting) waiting.push(work);
    else await work();
  };
}

/** What the host's start hands over for each row: src/api/services/monitor.service.ts. */
function hostDataOf(row: HostInstance, connects: boolean): Record<string, unknown> {
  return {
    instanceId: row.id,
    instanceName: row.name,
    integration: row.integration,
    token: row.token,
    number: row.number,
    businessId: row.businessId,
    ownerJid: row.ownerJid,
    connectionStatus: connects || row.integration !== 'WHATSAPP-BAILEYS' ? 'connecting' : 'close',
  };
}
