import { backoffMs } from '../core/backoff';
import { describe } from '../core/errors';
import { sleep } from '../core/sleep';
import type { Surroundings } from './channel';
import { deadLetterHeaders, type Failure } from './dead-letter';
import type { Delivery, Work } from './delivery';
import { parseEvent, type EventContext, type EventEnvelope, type EventHandler } from './event';
import { UnprocessableEvent } from './unprocessable-event';
import type { Writer } from './writer';

/** Since the start, of this process. */
export interface ConsumerCounts {
  /** Events whose handler has succeeded. */
  handled: number;
  /** Times that the handler threw. */
  failedAttempts: number;
  /** Copies that were left out, as the event was finished before. */
  duplicates: number;
  deadLettered: number;
}

export interface HandlingOptions extends Surroundings {
  handler: EventHandler;
  maxAttempts: number;
  deadLetterQueue: string;
  writer: Pick<Writer, 'move'>;
  counts: Omit<ConsumerCounts, 'duplicates'>;
}

const FIRST_DELAY_MS = 500;
const MOST_DELAY_MS = 30_000;

/**
 * Hands an event to the handler until that succeeds; one that cannot be handled goes to the dead letters. Its chat waits
 * meanwhile, and the others do not.
 */
export function createEventWork(options: HandlingOptions): Work {
  const { log, clock, counts, writer, deadLetterQueue } = options;
  return async (delivery) => {
    const failure = await handle(delivery, options);
    if (failure === 'handled') counts.handled += 1;
    if (failure === 'handled' || failure === 'let-go') return failure === 'handled';
    const { messageId } = delivery.identity;
    if (!(await writer.move(delivery, deadLetterQueue, deadLetterHeaders(failure, delivery, clock)))) return false;
    counts.deadLettered += 1;
    log.warn({ queue: delivery.queue, messageId, reason: failure.code }, 'an event went to the dead letters');
    return true;
  };
}

async function handle(delivery: Delivery, options: HandlingOptions): Promise<'handled' | 'let-go' | Failure> {
  const { maxAttempts, counts, log, random } = options;
  const parsed = parseEvent(delivery.message.content);
  if (!('event' in parsed)) return { ...parsed, attempts: 0 };
  for (let attempt = 1; ; attempt += 1) {
    try {
      await options.handler(parsed.event, contextOf(delivery, parsed.event, attempt));
      return 'handled';
    } catch (error) {
      counts.failedAttempts += 1;
      // Of a message that the broker has taken back a copy comes again, with attempts of its own.
      if (delivery.lost.aborted) return 'let-go';
      const detail = describe(error);
      if (error instanceof UnprocessableEvent) return { code: 'unprocessable', detail, attempts: attempt };
      if (attempt >= maxAttempts) return { code: 'handler-failed', detail, attempts: attempt };
      const { messageId } = delivery.identity;
      log.debug({ queue: delivery.queue, messageId, attempt }, 'the handler failed; it is tried again');
    }
    await sleep(backoffMs(attempt - 1, random, FIRST_DELAY_MS, MOST_DELAY_MS), delivery.stopping);
    if (delivery.stopping.aborted) return 'let-go';
  }
}

function contextOf({ message, identity, lost }: Delivery, event: EventEnvelope, attempt: number): EventContext {
  const { messageId, chat, chatSequence, emittedAt } = identity;
  return {
    messageId,
    instance: identity.instance || event.instance,
    chat,
    chatSequence,
    emittedAt,
    attempt,
    redelivered: message.fields.redelivered,
    signal: lost,
  };
}
