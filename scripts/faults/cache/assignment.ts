import type { Stream } from './workload';

/** What a host process is told at its start. */
export interface Assignment {
  stream: Stream;
  isStock: boolean;
  /** Of the process alone: what waits for Redis is written there. */
  folder: string;
}

/** What it is told while it runs. The answer to the last one is that its process ends. */
export type Order = { perSecond: number } | { stop: true };
