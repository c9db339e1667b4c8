import type { Log } from '../core/log';
import { ownerOf } from './sends-join';
import type { ChannelController, Monitor } from './shapes';

export interface AuthStateJoin {
  channels: ChannelController;
  monitor: Monitor;
  /** Whether credentials can be read now. */
  isReadable: () => boolean;
  /** Resolves when they can be. */
  readable: () => Promise<void>;
  /** Between two attempts while they can be, and were not told all the same. */
  pause: () => Promise<void>;
  /** Whether credentials of this instance were asked for and not told. */
  isUnread: (instanceId: string) => boolean;
  log: Log;
}

interface Channel {
  instanceName?: unknown;
  instanceId?: unknown;
}

/**
 * Lets no instance be connected whose credentials cannot be read: the host takes that for "there are none", makes new ones
 * and asks for a QR code. While instances are loaded, they wait; somebody who asks for a connection is told.
 */
export function joinAuthState(join: AuthStateJoin): void {
  const { channels, monitor, isReadable, readable, pause, isUnread, log } = join;
  const joined = new WeakSet<object>();
  const make = channels.init.bind(channels);
  channels.init = (instanceData, parts) => {
    const channel = make(instanceData, parts);
    const { integration } = (instanceData ?? {}) as { integration?: unknown };
    if (integration !== 'WHATSAPP-BAILEYS' || typeof channel !== 'object' || channel === null) return channel;
    const prototype = ownerOf(channel, 'defineAuthState');
    if (!prototype) {
      log.error('the channel of Baileys has no defineAuthState: it is connected also where credentials cannot be read');
      return channel;
    }
    if (joined.has(prototype)) return channel;
    joined.add(prototype);
    const stock = prototype.defineAuthState as (this: Channel) => Promise<unknown>;
    prototype.defineAuthState = async function (this: Channel) {
      const isLoaded = Object.hasOwn(monitor.waInstances, String(this.instanceName));
      for (let attempt = 0; ; attempt += 1) {
        if (isReadable()) {
          const state = await stock.call(this);
          if (!isUnread(String(this.instanceId))) return state;
        }
        if (isLoaded) throw new Error('credentials cannot be read: the Redis of the cache does not answer');
        if (attempt === 0)
          log.warn({ instance: this.instanceName }, 'an instance waits for the Redis that has its credentials');
        await (isReadable() ? pause() : readable());
      }
    };
    return channel;
  };
}
