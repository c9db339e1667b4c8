import type { Stream } from './workload';

/** What a host process is told at its start. */
export interface Assignment {
  stream: Stream;
  isStock: boolean;
}

/** What it is told while it runs. The answer to the last one is that its process ends. */
export type Order = { perSecond: number } | { stop: true };
