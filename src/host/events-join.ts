import type { Rollout } from '../core/rollout';
import { RABBITMQ } from '../events/sinks/rabbitmq';
import type { EventController } from './shapes';

/**
 * Takes the place of the host's RabbitMQ sink: its emit hands over to the capture, and its init, which would open a
 * connection of its own and declare queues, does nothing. Where some instances stay stock, their events go to the host's
 * own emit, and its init runs for them.
 */
export function joinRabbitmq(
  controller: EventController,
  capture: (event: unknown) => Promise<void>,
  changed: (instance: string) => void,
  rollout: Rollout,
): void {
  const stock = controller.emit.bind(controller);
  if (rollout.isFull('events')) controller.init = () => Promise.resolve();
  controller.emit = (event) => {
    if (!isGuarded(event, rollout)) return stock(event);
    return wants(event) ? capture(event) : Promise.resolve();
  };
  followSettings(controller, changed);
}

/** An event of no instance is in no part of a rollout; where that is full, the capture refuses it and says so. */
function isGuarded(event: unknown, rollout: Rollout): boolean {
  if (rollout.isFull('events')) return true;
  const { instanceName } = (event ?? {}) as { instanceName?: unknown };
  return typeof instanceName === 'string' && rollout.includes('events', instanceName);
}

/** Tells of settings that this process changes, so that the very next event follows them. */
function followSettings(controller: EventController, changed: (instance: string) => void): void {
  const set = controller.set.bind(controller);
  controller.set = async (instance, data) => {
    try {
      return await set(instance, data);
    } finally {
      changed(instance);
    }
  };
}

/** `integration`, where given, names the only sinks that are meant. */
function wants(event: unknown): boolean {
  const { integration } = (event ?? {}) as { integration?: unknown };
  return !Array.isArray(integration) || integration.includes(RABBITMQ);
}
