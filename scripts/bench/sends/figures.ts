import type { Cost, Rate, Results } from './task';
import type { TwoProcesses } from './two-processes';

/** What was measured; a part that did not run is absent. */
export interface Measured {
  order?: Record<'guarded' | 'straight', Results['order']>;
  throughput?: Record<'guarded' | 'ordered' | 'straight', Rate>;
  cost?: Record<'hundredChats' | 'oneChat', Cost>;
  redlock?: {
    guarded: Rate;
    shipped: Rate;
    best: Rate;
    bestDelayMs: number;
    chained: Rate;
    tried: Record<string, number>;
  };
  processes?: TwoProcesses;
  bullmq?: Record<'guarded' | 'bullmq', Rate & { cost: Cost }>;
}

/** Times as many sends a second as the others; null where the part did not run. */
export interface Ratios {
  vsUnguarded: number | null;
  vsUnordered: number | null;
  /** With the pause between attempts that the library ships. */
  vsRedlockPerSend: number | null;
  /** With the pause that was the best of those tried. */
  vsTunedRedlock: number | null;
  vsChainedRedlock: number | null;
  vsBullmq: number | null;
}

export function ratiosOf({ throughput, redlock, bullmq }: Measured): Ratios {
  const over = (own: Rate | undefined, other: Rate | undefined) =>
    own && other ? rounded(own.sendsPerSecond / other.sendsPerSecond) : null;
  return {
    vsUnguarded: over(throughput?.guarded, throughput?.ordered),
    vsUnordered: over(throughput?.guarded, throughput?.straight),
    vsRedlockPerSend: over(redlock?.guarded, redlock?.shipped),
    vsTunedRedlock: over(redlock?.guarded, redlock?.best),
    vsChainedRedlock: over(redlock?.guarded, redlock?.chained),
    vsBullmq: over(bullmq?.guarded, bullmq?.bullmq),
  };
}

/** Pairs in the wrong order wherever the guard sent; null where neither part ran. */
export function inversionsOf({ order, processes, redlock, bullmq }: Measured): number | null {
  const parts = [
    order?.guarded.invertedPairs,
    processes?.invertedPairs,
    redlock?.guarded.invertedPairs,
    bullmq?.guarded.invertedPairs,
  ];
  const known = parts.filter((pairs) => pairs !== undefined);
  return known.length === 0 ? null : known.reduce((sum, pairs) => sum + pairs, 0);
}

/** Whether what is promised was kept: how fast it was is another matter. */
export function isKept(measured: Measured): boolean {
  const { processes } = measured;
  const together = processes ? processes.fencesBack + processes.atTheSameTime : 0;
  return (inversionsOf(measured) ?? 0) + together === 0;
}

/** The object of --json. */
export function figuresOf(measured: Measured): object {
  const { cost } = measured;
  return {
    inversions: inversionsOf(measured),
    costP50Ms: cost ? rounded(Math.max(cost.hundredChats.p50Ms, cost.oneChat.p50Ms)) : null,
    ratios: ratiosOf(measured),
    ...(roundedAll(measured) as object),
  };
}

function roundedAll(value: unknown): unknown {
  if (typeof value === 'number') return rounded(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, roundedAll(each)]));
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}
