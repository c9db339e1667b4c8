import { RABBITMQ } from '../events/sinks/rabbitmq';
import type { EventController } from './shapes';

/**
 * Takes the place of the host's RabbitMQ sink: its emit hands over to the capture, and its init, which would open a
 * connection of its own and declare queues, does nothing.
 */
export function joinRabbitmq(
  controller: EventController,
  capture: (event: unknown) => Promise<void>,
  changed: (instance: string) => void,
): void {
  controller.init = () => Promise.resolve();
  controller.emit = (event) => (wants(event) ? capture(event) : Promise.resolve());
  followSettings(controller, changed);
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
