import { z } from 'zod';
import { describe } from '../../core/errors';
import type { Log } from '../../core/log';
import type { PendingRow } from '../../stores/outbox-store';
import type { Broker, Session } from '../../stores/rabbitmq/broker';
import { ChannelLost, MessageRefused, type MessageProperties } from '../../stores/rabbitmq/publisher';
import type { Route } from '../../stores/rabbitmq/topology';
import { SinkUnavailable, Undeliverable, type Sink } from '../sink';

export const RABBITMQ = 'rabbitmq';

/** The ways of one event: to the exchange of its instance, to the global one, or both. */
const target = z.object({
  routes: z
    .array(z.object({ exchange: z.string(), queue: z.string().min(1), bindingKey: z.string(), routingKey: z.string() }))
    .min(1),
});

export type RabbitmqTarget = z.infer<typeof target>;

/** Publishes to RabbitMQ in the host's names. Delivered means: confirmed by the broker on every route of the event. */
export function createRabbitmqSink(broker: Pick<Broker, 'ready'>, standing: readonly Route[], log: Log): Sink {
  let session: Session | undefined;
  return {
    name: RABBITMQ,
    async ready(signal) {
      const next = await broker.ready(signal);
      if (next !== session) {
        // Not awaited: an event declares its own route anyway, these are for consumers that come before the first one.
        Promise.all(standing.map((route) => next.topology.ensure(route))).catch((error: unknown) => {
          log.warn(
            { detail: describe(error) },
            'the global queues could not be declared; each is with its first event',
          );
        });
      }
      session = next;
    },
    async deliver(row) {
      if (!session) throw new SinkUnavailable('the broker is not connected');
      const parsed = target.safeParse(row.target);
      if (!parsed.success) throw new Undeliverable('GUARD_EVENT_MALFORMED', `target: ${parsed.error.message}`);
      const { routes } = parsed.data;
      const body = Buffer.from(row.payload);
      const properties = propertiesOf(row);
      const current = session;
      await Promise.all(routes.map((route) => send(current, route, body, properties)));
    },
  };
}

async function send(
  { topology, publisher }: Session,
  route: Route & { routingKey: string },
  body: Buffer,
  properties: MessageProperties,
): Promise<void> {
  try {
    await topology.ensure(route);
    await publisher.publish(route.exchange, route.routingKey, body, properties);
  } catch (error) {
    if (error instanceof MessageRefused) {
      if (error.reason === 'unroutable') topology.forget();
      throw error;
    }
    if (error instanceof ChannelLost) throw new SinkUnavailable(error.message, { cause: error });
    throw error;
  }
}

/** Beside the stock message, whose properties are all empty, so that consumers can deduplicate and check order. */
function propertiesOf(row: PendingRow): MessageProperties {
  return {
    messageId: row.eventId,
    timestamp: Math.floor(row.capturedAt / 1000),
    type: row.event,
    headers: {
      'guard-instance': row.instance,
      'guard-chat': row.chat,
      'guard-chat-sequence': row.chatSequence,
    },
  };
}
