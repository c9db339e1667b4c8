import type { PendingRow } from '../../stores/outbox-store';
import type { MessageProperties } from '../../stores/rabbitmq/publisher';

export type MessageSource = Pick<
  PendingRow,
  'eventId' | 'capturedAt' | 'event' | 'instance' | 'chat' | 'chatSequence' | 'payload'
>;

/**
 * An event as RabbitMQ gets it: the body is the host's own; the stock message has none of the properties, which let
 * consumers deduplicate and check order.
 */
export function messageOf(row: MessageSource): { body: Buffer; properties: MessageProperties } {
  return {
    body: Buffer.from(row.payload),
    properties: {
      messageId: row.eventId,
      timestamp: Math.floor(row.capturedAt / 1000),
      type: row.event,
      headers: {
        'guard-instance': row.instance,
        'guard-chat': row.chat,
        'guard-chat-sequence': row.chatSequence,
      },
    },
  };
}
