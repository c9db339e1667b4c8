/** Ways to the cache that are compared: all of the guard, the host's way, and the guard's writer alone with and without the fence. */
export const ENGINES = ['guard', 'stock', 'fenced', 'unfenced'] as const;
export type EngineName = (typeof ENGINES)[number];

/** How the values look that are kept: one text, or an object with as much JSON. */
export type Values = 'texts' | 'objects';

export interface Messages {
  kind: 'messages';
  engine: EngineName;
  size: number;
  values: Values;
}

export interface Deletes {
  kind: 'deletes';
  /** Whether it looks if the key is gone. */
  isVerified: boolean;
  /** Whether there is such a key. */
  isThere: boolean;
}

/** What one contender does, so many at a time. */
export type Task = (Messages | Deletes) & { concurrency: number };

export interface RoundResult {
  callsPerSecond: number;
  /** CPU time of the process, in microseconds. */
  cpuUsPerCall: number;
  /** Of each message, in milliseconds; nothing where none was handled. */
  times: number[];
}

/** What a contender's process is told, in this order. */
export type Order = { start: Task; redisUrl: string } | { roundMs: number };
/** What it answers to each. */
export type Reply = { isReady: true } | RoundResult | { error: string };
