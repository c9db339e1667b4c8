import { z } from 'zod';

/** The body of a message, in the host's names (EvolutionAPI 2.3, `message` in rabbitmq.controller.ts). */
export interface EventEnvelope {
  /** `messages.upsert` style. */
  event: string;
  /** Name of the instance. */
  instance: string;
  /** Whatever the event carries: check it before you rely on it. */
  data: unknown;
  server_url?: string | null | undefined;
  /** ISO 8601, local time of the host with a Z behind it, as the host writes it. */
  date_time?: string | null | undefined;
  /** JID of the instance's own number. */
  sender?: string | null | undefined;
  /** Key of the instance. A secret. */
  apikey?: string | null | undefined;
  /** The host spreads further fields into some events. */
  [field: string]: unknown;
}

/** What is known of an event besides its body. */
export interface EventContext {
  /** The same in every copy of the event. Undefined for a message that the stock host has published. */
  messageId: string | undefined;
  instance: string;
  /** JID of the chat; '' for an event that belongs to none. */
  chat: string;
  /** Rises with every event of the chat, over all its queues: in one queue it has holes. */
  chatSequence: number | undefined;
  /** When the host emitted it, to the second. */
  emittedAt: Date | undefined;
  /** 1 for the first time that this process hands the event to the handler. */
  attempt: number;
  /** The broker has delivered it before, to this process or another one: it may have been handled, wholly or in part. */
  redelivered: boolean;
  /** Aborted when the broker has taken the message back: somebody else may be handling it by now. */
  signal: AbortSignal;
}

/** Resolves when the work is done and may never come again. Throws to have it tried again. */
export type EventHandler = (event: EventEnvelope, context: EventContext) => Promise<void> | void;

const text = z.string().nullish();
const envelope = z.looseObject({
  event: z.string().min(1),
  instance: z.string().min(1),
  data: z.unknown(),
  server_url: text,
  date_time: text,
  sender: text,
  apikey: text,
});

export type ParsedEvent = { event: EventEnvelope } | { code: 'not-json' | 'not-an-event'; detail: string };

export function parseEvent(content: Buffer): ParsedEvent {
  let body: unknown;
  try {
    body = JSON.parse(content.toString('utf8'));
  } catch {
    // Not what the parser says: it quotes the text.
    return { code: 'not-json', detail: `the body, ${content.length} bytes, is not JSON` };
  }
  const parsed = envelope.safeParse(body);
  if (parsed.success) return { event: parsed.data };
  const detail = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; ');
  return { code: 'not-an-event', detail };
}
