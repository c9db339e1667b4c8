import { RABBITMQ } from '../events/sinks/rabbitmq';
import type { EventController } from './shapes';

/**
 * Takes the place of the host's RabbitMQ sink: its emit hands over to the capture, and its init, which would open a
 * connection of its own and declare queues, does nothing.
 */
export function joinRabbitmq(controller: EventController, capture: (event: unknown) => Promise<void>): void {
  controller.init = () => Promise.resolve();
  controller.emit = (event) => (wants(event) ? capture(event) : Promise.resolve());
}

/** `integration`, where given, names the only sinks that are meant. */
function wants(event: unknown): boolean {
  const { integration } = (event ?? {}) as { integration?: unknown };
  return !Array.isArray(integration) || integration.includes(RABBITMQ);
}
