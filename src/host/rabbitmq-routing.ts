import type { Destination, HostEvent, Outlet, Routed } from '../events/event';
import { RABBITMQ, type RabbitmqTarget } from '../events/sinks/rabbitmq';
import type { Route } from '../stores/rabbitmq/topology';
import { eventSettings, type EventController, type RabbitmqConfig } from './shapes';

/*
 * The host's names, as src/api/integrations/event/rabbitmq/rabbitmq.controller.ts forms them for each event:
 * its instance's own exchange and queue where the instance wants the event, and the global ones where those are on.
 */

/** Keys of settings whose event has a hyphen, which the key cannot show (src/api/types/wa.types.ts, `Events`). */
const HYPHENATED: Readonly<Record<string, string>> = {
  GROUP_PARTICIPANTS_UPDATE: 'group-participants.update',
  TYPEBOT_CHANGE_STATUS: 'typebot.change-status',
};

type TargetRoute = RabbitmqTarget['routes'][number];

const settingOf = (event: string) => event.replace(/[.-]/g, '_').toUpperCase();
const queueOf = (event: string) => event.replace(/_/g, '.').toLowerCase();

function instanceRoute(instance: string, event: string): TargetRoute {
  const bindingKey = queueOf(event);
  return { exchange: instance, queue: `${instance}.${bindingKey}`, bindingKey, routingKey: event };
}

function globalRoute(config: RabbitmqConfig, event: string): TargetRoute {
  const prefix = config.PREFIX_KEY ? `${config.PREFIX_KEY}.` : '';
  const { EXCHANGE_NAME: exchange } = config;
  return { exchange, queue: `${prefix}${queueOf(event)}`, bindingKey: event, routingKey: event };
}

/** What the host's RabbitMQ sink would do. */
export function createRabbitmqOutlet(controller: Pick<EventController, 'get'>, config: RabbitmqConfig): Outlet {
  return {
    name: RABBITMQ,
    body,
    // The host's own decision, asked of its own controller, which reads the instance's settings from the database.
    async routing(instance) {
      const settings = eventSettings.parse(await controller.get(instance));
      const own = settings?.enabled ? (settings.events ?? []) : [];
      const decided = new Map<string, Destination[]>();
      return ({ event }: Routed) => {
        const known = decided.get(event);
        if (known) return known;
        const wanted = settingOf(event);
        const routes: TargetRoute[] = [];
        if (own.includes(wanted)) routes.push(instanceRoute(instance, event));
        if (config.GLOBAL_ENABLED && config.EVENTS[wanted]) routes.push(globalRoute(config, event));
        const target = JSON.stringify({ routes } satisfies RabbitmqTarget);
        const destinations = routes.length > 0 ? [{ sink: RABBITMQ, receiver: RABBITMQ, target }] : [];
        decided.set(event, destinations);
        return destinations;
      };
    },
  };
}

/** Same keys, same order as the host's own (2.3.7, rabbitmq.controller.ts, `message`). */
function body({ extra, event, instanceName, data, serverUrl, dateTime, sender, apiKey }: HostEvent): object {
  return {
    ...(extra ?? {}),
    event,
    instance: instanceName,
    data,
    server_url: serverUrl,
    date_time: dateTime,
    sender,
    apikey: apiKey,
  };
}

/** The global queues, which the host declares at start, so that consumers find them before the first event. */
export function standingRoutes(config: RabbitmqConfig): Route[] {
  if (!config.GLOBAL_ENABLED) return [];
  return Object.entries(config.EVENTS)
    .filter(([, enabled]) => enabled)
    .map(([key]) => globalRoute(config, HYPHENATED[key] ?? key.replace(/_/g, '.').toLowerCase()));
}
