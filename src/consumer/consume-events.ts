import { setMaxListeners } from 'node:events';
import { systemClock } from '../core/clock';
import { createLog } from '../core/log';
import { sleep } from '../core/sleep';
import { keepBalanced } from './balance';
import { keepConnection } from './connection';
import { createEventWork, type ConsumerCounts } from './handle-event';
import { checkOptions, type ConsumerOptions } from './options';
import { createSplitWork, partitionQueues } from './partitions';
import { createPartitionReader, createSourceReader } from './readers';
import { Writer } from './writer';

export interface EventConsumer {
  readonly counts: Readonly<ConsumerCounts>;
  /**
   * Begins nothing new, waits for what is under way, and closes. What is not finished then goes back to its queue.
   *
   * @param limitMs how long to wait for handlers, 10,000 if not given.
   */
  close(limitMs?: number): Promise<void>;
}

/** Messages that the process which spreads a queue holds of it at a time. */
const SPLIT_PREFETCH = 500;
const CLOSE_LIMIT_MS = 10_000;

/**
 * Reads a queue that the plugin publishes to: each event at least once, those of a chat one at a time and in order. The
 * guarantee and where it ends: docs/consumers.md.
 *
 * Resolves when it has started. It need not have reached RabbitMQ: that is tried for ever, as after every loss.
 *
 * @throws TypeError for options that cannot be.
 */
export async function consumeEvents(given: ConsumerOptions): Promise<EventConsumer> {
  const options = checkOptions(given);
  const { url, queue, partitions, prefetch, log = createLog('info') } = options;
  const surroundings = { log, clock: systemClock, random: Math.random };
  const counts = { handled: 0, failedAttempts: 0, deadLettered: 0 };
  const writer = new Writer(surroundings);
  const handle = createEventWork({ ...options, ...surroundings, writer, counts });

  const shared = partitions > 1 ? partitionQueues(queue, partitions) : [];
  const sharers = shared.map((name) => createPartitionReader(name, options, handle, surroundings));
  const source =
    sharers.length > 0
      ? createSourceReader(options, SPLIT_PREFETCH, createSplitWork(shared, writer), writer, surroundings)
      : createSourceReader(options, prefetch, handle, writer, surroundings);
  const readers = [source, ...sharers];

  const stopping = new AbortController();
  const writing = await keepConnection(
    url,
    'writing',
    (connection, gone) => writer.serve(connection, AbortSignal.any([gone, stopping.signal])),
    surroundings,
  );
  const reading = await keepConnection(
    url,
    'reading',
    async (connection, gone) => {
      const end = AbortSignal.any([gone, stopping.signal]);
      setMaxListeners(0, end); // every reader may wait for it
      const serving = readers.map((reader) => reader.serve(connection, end));
      if (sharers.length > 0) serving.push(keepBalanced(queue, sharers, connection, end, surroundings));
      await Promise.all(serving);
    },
    surroundings,
  );
  let closing: Promise<void> | undefined;
  return {
    get counts() {
      const handlers = sharers.length > 0 ? sharers : [source];
      return { ...counts, duplicates: handlers.reduce((sum, { duplicates }) => sum + duplicates, 0) };
    },
    close: (limitMs = CLOSE_LIMIT_MS) => (closing ??= close(limitMs)),
  };

  async function close(limitMs: number): Promise<void> {
    stopping.abort();
    const patience = new AbortController();
    await Promise.race([Promise.all(readers.map((reader) => reader.release())), sleep(limitMs, patience.signal)]);
    patience.abort();
    await reading.close();
    await writing.close();
  }
}
