import { z } from 'zod';
import { describe } from '../../core/errors';
import type { Log } from '../../core/log';
import type { Broker, Session } from '../../stores/rabbitmq/broker';
import { ChannelLost, MessageRefused, type MessageProperties } from '../../stores/rabbitmq/publisher';
import { Refused, SinkUnavailable, Undeliverable, type Sink } from '../sink';
import type { Route } from '../../stores/rabbitmq/topology';
import { messageOf } from './message';
import { OpenRoutes } from './open-routes';

export const RABBITMQ = 'rabbitmq';

/** The ways of one event: to the exchange of its instance, to the global one, or both. */
const target = z.object({
  routes: z
    .array(z.object({ exchange: z.string(), queue: z.string().min(1), bindingKey: z.string(), routingKey: z.string() }))
    .min(1),
});

export type RabbitmqTarget = z.infer<typeof target>;
type TargetRoute = RabbitmqTarget['routes'][number];

/**
 * On one channel the broker takes messages for a queue in their order, and what a lost channel costs is always the end of
 * them: so several of a chat may be on their way.
 */
const CHAT_PIPELINE = 8;

/** Targets that are read from their text once. There are as many as pairs of instance and event. */
const MOST_READ = 10_000;

/** Publishes to RabbitMQ in the host's names. Delivered means: confirmed by the broker on every route of the event. */
export function createRabbitmqSink(
  broker: Pick<Broker, 'ready' | 'current'>,
  standing: readonly Route[],
  log: Log,
): Sink {
  let session: Session | undefined;
  /** A queue has refused a message for want of room: from then on the one behind it must not be under way already. */
  let refusing = false;
  const read = new Map<string, TargetRoute[]>();
  const openRoutes = new OpenRoutes<TargetRoute>();

  const routesOf = (text: string) => {
    const known = read.get(text);
    if (known) return known;
    const { routes } = parseTarget(text);
    if (read.size >= MOST_READ) read.clear();
    read.set(text, routes);
    return routes;
  };

  return {
    name: RABBITMQ,
    perReceiver: Infinity,
    perChat: () => (refusing ? 1 : CHAT_PIPELINE),
    accepting: () => session !== undefined && session === broker.current,
    async ready(signal) {
      const next = await broker.ready(signal);
      if (next !== session) declareStanding(next, standing, log);
      session = next;
    },
    async deliver(row) {
      const current = session;
      if (!current) throw new SinkUnavailable('the broker is not connected');
      const { body, properties } = messageOf(row);
      try {
        await openRoutes.each(row.eventId, routesOf(row.target), (route) => send(current, route, body, properties));
      } catch (error) {
        refusing ||= error instanceof MessageRefused && error.reason === 'nacked';
        // What fails on a connection that is gone says nothing of the event: a declaration, for one.
        if (current.closed) throw new SinkUnavailable(describe(error), { cause: error });
        throw error;
      }
    },
  };
}

/** For consumers that come before the first event. Not awaited: an event declares its own route anyway. */
function declareStanding({ topology }: Session, standing: readonly Route[], log: Log): void {
  Promise.all(standing.map((route) => topology.ensure(route))).catch((error: unknown) => {
    log.warn({ detail: describe(error) }, 'the global queues could not be declared; each is with its first event');
  });
}

function parseTarget(text: string): RabbitmqTarget {
  try {
    return target.parse(JSON.parse(text));
  } catch (error) {
    throw new Undeliverable('GUARD_EVENT_MALFORMED', `target: ${describe(error)}`);
  }
}

async function send(
  { topology, publisher }: Session,
  route: TargetRoute,
  body: Buffer,
  properties: MessageProperties,
): Promise<void> {
  try {
    await topology.ensure(route);
    await publisher.publish(route.exchange, route.routingKey, body, properties);
  } catch (error) {
    if (error instanceof ChannelLost) throw new SinkUnavailable(error.message, { cause: error });
    if (!(error instanceof MessageRefused)) throw error;
    if (error.reason === 'too-large') throw new Undeliverable('GUARD_EVENT_TOO_LARGE', `${error.message}.`);
    if (error.reason !== 'unroutable') throw error;
    topology.forget(route, publisher.answered());
    throw new Refused('GUARD_EVENT_UNROUTABLE', `${error.message}, exchange ${route.exchange}.`);
  }
}
