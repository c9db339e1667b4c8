import type { BenchEvent } from './event';
import type { BenchQueue } from './queue';

/** The servers of this run. The database is empty, and of this contender alone. */
export interface Stage {
  databaseUrl: string;
  brokerUrl: string;
  /** Declared and empty. */
  queue: BenchQueue;
}

/** One way of bringing events to the queue. */
export interface Contender {
  /** How many events one `put` takes: 1 for all that are given events one by one, as the host does. */
  readonly batch: number;
  /** How many calls of `put` are under way at a time. */
  readonly outstanding: number;
  /** Resolves when the caller may go on, whatever that promises in this way of doing it. */
  put(events: readonly BenchEvent[]): Promise<void>;
  /** Resolves when all that was put is where it should be, `total` events in all. */
  finished(total: number): Promise<void>;
  stop(): Promise<void>;
}
