import { z } from 'zod';
import type { EventHandler } from './event';

/** pino has this form. */
export interface ConsumerLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ConsumerOptions {
  /** `amqp://` or `amqps://`, percent-encoded. */
  url: string;
  /** The queue to read: one of the host's, or with `bind` one of your own. */
  queue: string;
  /** Declares `queue` as a durable quorum queue and binds it, so that one queue has several events of a chat in order. */
  bind?: { exchange: string; routingKeys: readonly string[] } | undefined;
  /**
   * 1 (default): one process reads the queue itself, further ones wait to take its place. More, at most 64: the queue is
   * spread over this many partition queues by chat, and all processes share those.
   */
  partitions?: number | undefined;
  /**
   * Messages that a process holds of a queue at a time, 1 to 1,000, and so the most chats of it that it works on side by
   * side. Default 50. The same in all processes that read a queue.
   */
  prefetch?: number | undefined;
  /** Message ids of finished events that are remembered for each queue that is read, 0 to 1,000,000. Default 10,000. */
  dedupeWindow?: number | undefined;
  /** How often an event is handed to the handler before it goes to the dead letters, 1 to 100. Default 5. */
  maxAttempts?: number | undefined;
  /** Default `<queue>.dead`. Declared as a durable quorum queue. */
  deadLetterQueue?: string | undefined;
  /** Default: JSON lines on standard output. Never told bodies, nor what a handler throws. */
  log?: ConsumerLog | undefined;
  handler: EventHandler;
}

/** AMQP allows 255 bytes for a name, and partition queues add to it. */
const queueName = z.string().min(1).max(200);

function whole(least: number, most: number) {
  return z.number().int().min(least).max(most);
}

const schema = z
  .strictObject({
    url: z.string().refine((value) => URL.canParse(value) && /^amqps?:$/.test(new URL(value).protocol), {
      error: 'must be a URL that starts with amqp:// or amqps://',
    }),
    queue: queueName,
    bind: z
      .strictObject({ exchange: z.string().min(1), routingKeys: z.array(z.string()).min(1).readonly() })
      .optional(),
    partitions: whole(1, 64).default(1),
    prefetch: whole(1, 1000).default(50),
    dedupeWindow: whole(0, 1_000_000).default(10_000),
    maxAttempts: whole(1, 100).default(5),
    deadLetterQueue: queueName.optional(),
    log: z.custom<ConsumerLog>((value) => typeof value === 'object' && value !== null).optional(),
    handler: z.custom<EventHandler>((value) => typeof value === 'function', { error: 'must be a function' }),
  })
  .transform((options) => ({ ...options, deadLetterQueue: options.deadLetterQueue ?? `${options.queue}.dead` }))
  .refine(({ queue, deadLetterQueue }) => queue !== deadLetterQueue, {
    path: ['deadLetterQueue'],
    error: 'must not be the queue that is read',
  });

export type CheckedOptions = z.output<typeof schema>;

/** @throws TypeError that names every mistake. */
export function checkOptions(options: ConsumerOptions): CheckedOptions {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'options'}: ${message}`);
  throw new TypeError(`consumeEvents: ${mistakes.join('; ')}`);
}
