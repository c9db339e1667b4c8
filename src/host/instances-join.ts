import type { Emitter } from './shapes';

/** The host's events that end an instance's session, or the instance. */
export const INSTANCE_EVENTS = ['logout.instance', 'remove.instance', 'no.connection'] as const;
export type InstanceEvent = (typeof INSTANCE_EVENTS)[number];

/** Stands in place of the host's clean-up. */
export type InstanceHandler = (event: InstanceEvent, args: unknown[], stock: () => unknown) => unknown;

export const passInstance: InstanceHandler = (_event, _args, stock) => stock();

/** Replaces the one stock listener of each event. The handshake has made sure that there is exactly one. */
export function joinInstances(emitter: Emitter, handler: InstanceHandler): void {
  for (const event of INSTANCE_EVENTS) {
    for (const stock of emitter.listeners(event)) {
      emitter.off(event, stock);
      emitter.on(event, (...args) => handler(event, args, () => stock(...args)));
    }
  }
}
