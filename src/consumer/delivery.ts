import type { ConsumeMessage } from 'amqplib';
import { z } from 'zod';

/** What the plugin's publisher says of an event in properties and headers; see src/events/sinks/rabbitmq.ts. */
export interface Identity {
  messageId: string | undefined;
  instance: string;
  chat: string;
  chatSequence: number | undefined;
  emittedAt: Date | undefined;
  /** Messages of one lane keep their order. Those of the stock host, which name no chat, are one lane. */
  lane: string;
  /** By this the event is known again; undefined where it has no id. */
  key: string | undefined;
}

export interface Delivery {
  message: ConsumeMessage;
  identity: Identity;
  /** The queue that it was read from. */
  queue: string;
  /** Aborted when nothing new is to be begun with it: it is going back, or has gone back, to its queue. */
  stopping: AbortSignal;
  /** Aborted when the broker has taken it back. */
  lost: AbortSignal;
}

/** @returns whether the message is done with for good; else it stays unacknowledged and comes again. */
export type Work = (delivery: Delivery) => Promise<boolean>;

const absent = undefined;
const properties = z.object({
  messageId: z.string().min(1).optional().catch(absent),
  timestamp: z.number().optional().catch(absent),
  headers: z
    .object({
      'guard-instance': z.string().optional().catch(absent),
      'guard-chat': z.string().optional().catch(absent),
      'guard-chat-sequence': z.number().optional().catch(absent),
      'guard-dead-at': z.string().optional().catch(absent),
    })
    .catch({}),
});

export function identify(message: ConsumeMessage): Identity {
  const { messageId, timestamp, headers } = properties.parse(message.properties);
  const { 'guard-instance': instance = '', 'guard-chat': chat } = headers;
  // A dead letter that somebody has put back must be handled, though its id counts as finished.
  const redriven = headers['guard-dead-at'] ?? '';
  return {
    messageId,
    instance,
    chat: chat ?? '',
    chatSequence: headers['guard-chat-sequence'],
    emittedAt: timestamp === undefined ? undefined : new Date(timestamp * 1000),
    lane: chat === undefined ? '' : JSON.stringify([instance, chat]),
    key: messageId === undefined ? undefined : `${messageId} ${redriven}`,
  };
}
