import type { Comparison } from './rounds';

/** How the values look that are kept: one text, or an object with as much JSON. */
export type Values = 'texts' | 'objects';

interface Pace {
  /** Messages under way at a time. */
  concurrency: number;
  rounds: number;
  roundMs: number;
}

/** What one child process is to do. */
export type Task =
  | ({ kind: 'messages'; size: number; values: Values } & Pace)
  | ({ kind: 'verification' } & Pace)
  | ({ kind: 'deletes' } & Pace);

/** Times of the calls of one message together, in milliseconds. */
export interface MessageTimes {
  p50Ms: number;
  p99Ms: number;
}

export interface Results {
  messages: Comparison<'guard' | 'stock'> & { times: Record<'guard' | 'stock', MessageTimes> };
  verification: Comparison<'fenced' | 'unfenced'>;
  deletes: Record<'present' | 'absent', Comparison<'verified' | 'plain'>>;
}

export interface Assignment {
  task: Task;
  redisUrl: string;
}
