import type { Rollout, RolloutFeature } from '../core/rollout';
import { RABBITMQ } from '../events/sinks/rabbitmq';
import { WEBHOOK } from '../events/sinks/webhook';
import type { EventController, RabbitmqController, WebhookController } from './shapes';

/** Where events of one of the host's sinks go instead. */
export interface Capturing {
  capture: (event: unknown) => Promise<void>;
  /** The settings of an instance were changed by this process. */
  changed: (instance: string) => void;
}

/**
 * Takes the place of the host's RabbitMQ sink: its emit hands over to the capture, and its init, which would open a
 * connection of its own and declare queues, does nothing. Where some instances stay stock, their events go to the host's
 * own emit, and its init runs for them.
 */
export function joinRabbitmq(controller: RabbitmqController, capturing: Capturing, rollout: Rollout): void {
  if (rollout.isFull('events')) controller.init = () => Promise.resolve();
  takeOver(controller, RABBITMQ, 'events', capturing, rollout);
}

/** Takes the place of the host's webhook sink, which starts nothing. */
export function joinWebhooks(controller: WebhookController, capturing: Capturing, rollout: Rollout): void {
  takeOver(controller, WEBHOOK, 'webhooks', capturing, rollout);
}

function takeOver(
  controller: EventController,
  sink: string,
  feature: RolloutFeature,
  { capture, changed }: Capturing,
  rollout: Rollout,
): void {
  const stock = controller.emit.bind(controller);
  controller.emit = (event) => {
    if (!isGuarded(event, feature, rollout)) return stock(event);
    return wants(event, sink) ? capture(event) : Promise.resolve();
  };
  followSettings(controller, changed);
}

/** An event of no instance is in no part of a rollout; where that is full, the capture refuses it and says so. */
function isGuarded(event: unknown, feature: RolloutFeature, rollout: Rollout): boolean {
  if (rollout.isFull(feature)) return true;
  const { instanceName } = (event ?? {}) as { instanceName?: unknown };
  return typeof instanceName === 'string' && rollout.includes(feature, instanceName);
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
function wants(event: unknown, sink: string): boolean {
  const { integration } = (event ?? {}) as { integration?: unknown };
  return !Array.isArray(integration) || integration.includes(sink);
}
