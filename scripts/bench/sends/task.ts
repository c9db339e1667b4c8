import type { AnswerMs } from './fake-channel';
import type { SenderName } from './names';
import type { Stage } from './sender';

/** At a fixed rate, going round the chats. */
export interface Pace {
  chats: number;
  perSecond: number;
  answerMs: AnswerMs;
  seconds: number;
}

/** What one child process is to do, on a database of its own. */
export type Task = { sender: SenderName } & (
  | { kind: 'order'; sends: number; gapMs: number }
  | { kind: 'throughput'; chats: number; callers: number; seconds: number }
  | { kind: 'paced'; pace: Pace }
  | { kind: 'bursts'; chats: number; size: number; seconds: number; retryDelayMs?: number }
);

/** Milliseconds from the call until the channel is entered. */
export interface Cost {
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  sends: number;
  /** Of the guard: one trip to Redis, and one to PostgreSQL. */
  lockP50Ms?: number;
  lockP99Ms?: number;
  journalP50Ms?: number;
  journalP99Ms?: number;
}

export interface Rate {
  sendsPerSecond: number;
  /** Pairs of a chat that entered in the wrong order, where that was looked at. */
  invertedPairs?: number;
}

export interface Results {
  order: { sends: number; invertedPairs: number; seconds: number };
  throughput: Rate;
  paced: Cost;
  bursts: Rate;
}

export interface Assignment extends Stage {
  task: Task;
}
