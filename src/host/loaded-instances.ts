import type { SendMethod } from './send-call';
import type { Monitor } from './shapes';

/** An instance that this host has loaded. */
export interface LoadedInstance {
  name: string;
  /** Whether its channel could send now. Those other than Baileys need no connection. */
  isOpen: boolean;
}

export function loadedInstances({ waInstances }: Monitor): LoadedInstance[] {
  return Object.entries(waInstances).map(([name, channel]) => {
    const { connectionStatus } = (channel ?? {}) as { connectionStatus?: { state?: unknown } | null };
    return { name, isOpen: connectionStatus?.state === 'open' };
  });
}

/** A method of an instance's channel, ready to be called. @throws where the instance or the method is gone. */
export function channelOf(
  { waInstances }: Monitor,
  instance: string,
  method: SendMethod,
): (...args: unknown[]) => Promise<unknown> {
  const channel = waInstances[instance] as Record<string, unknown> | undefined;
  const found = channel?.[method];
  if (typeof found !== 'function') throw new Error(`instance ${instance} is not loaded, or has no ${method}`);
  return (found as (...args: unknown[]) => Promise<unknown>).bind(channel);
}

/** What Baileys itself knows (7.x, `signalRepository.lidMapping`). */
export async function numberBehind(
  { waInstances }: Monitor,
  instance: string,
  lid: string,
): Promise<string | undefined> {
  const channel = waInstances[instance] as { client?: { signalRepository?: { lidMapping?: unknown } } } | undefined;
  const mapping = channel?.client?.signalRepository?.lidMapping as
    { getPNForLID?: (lid: string) => Promise<unknown> } | undefined;
  const number = await mapping?.getPNForLID?.(lid);
  return typeof number === 'string' ? number : undefined;
}
