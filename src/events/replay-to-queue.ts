import type { ChangeOptions, DeadLetterStore, DeliveredEvent, EventFilter } from '../stores/dead-letters';
import { inBatches, type Outcome, type Progress } from './dead-letters';
import { messageOf } from './sinks/message';
import type { QueueSender } from '../stores/rabbitmq/queue-sender';
import { RABBITMQ } from './sinks/rabbitmq';

/** Payloads are read here: this many at once, each of up to GUARD_EVENT_MAX_BYTES, must fit in memory. */
const BATCH_ROWS = 50;

/**
 * Copies delivered events into one queue, the oldest first, with the ids that they had. The outbox stays as it is, so
 * consumers of the host's own queues see nothing of it. Of an event that went to several sinks it is RabbitMQ's form,
 * unless the filter names another sink.
 *
 * @throws what the queue fails with; what was copied before stays in it.
 */
export function replayToQueue(
  store: DeadLetterStore,
  filter: EventFilter,
  { dryRun }: ChangeOptions,
  queue: Pick<QueueSender, 'send'>,
  progress?: Progress,
): Promise<Outcome> {
  const chosen = { ...filter, sink: filter.sink ?? RABBITMQ };
  const copy = async (event: DeliveredEvent) => {
    const { body, properties } = messageOf(event);
    await queue.send(body, properties);
  };
  return inBatches(
    store,
    chosen,
    { dryRun, rows: BATCH_ROWS },
    async (stretch) => {
      const events = await store.readDelivered(chosen, stretch);
      if (!dryRun) await Promise.all(events.map(copy)); // on one channel they stay in this order
      return events.map((event) => ({ ...event, tooLarge: false }));
    },
    progress,
  );
}
