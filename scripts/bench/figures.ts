import type { Latency } from './latency';
import type { ContenderName, PacedName } from './names';
import type { Throughput } from './throughput';

export interface Measured {
  throughputs: Partial<Record<ContenderName, Throughput>>;
  latencies: Partial<Record<PacedName, Latency>>;
}

export interface Ratios {
  vsBestQueue: number | null;
  vsStock: number | null;
  vsBare: number | null;
}

/** How many times as many events per second as the others the guard moves; null where one of the two did not run. */
export function ratiosOf({ throughputs }: Measured): Ratios {
  const guard = throughputs.guard?.eventsPerSecond;
  const over = (...others: (Throughput | undefined)[]) => {
    const best = Math.max(...others.map((other) => other?.eventsPerSecond ?? 0));
    return guard === undefined || best === 0 ? null : rounded(guard / best, 2);
  };
  const { pgBoss, graphileWorker, stock, bare } = throughputs;
  return { vsBestQueue: over(pgBoss, graphileWorker), vsStock: over(stock), vsBare: over(bare) };
}

/** The object of --json. */
export function figuresOf(measured: Measured): object {
  const { guard, plainInsert } = measured.latencies;
  const contenders = Object.entries(measured.throughputs).map(([name, throughput]) => [name, roundedAll(throughput)]);
  return {
    ...(Object.fromEntries(contenders) as object),
    ratios: ratiosOf(measured),
    ...(guard && roundedAll(guard)),
    ...(plainInsert && { plainInsert: roundedAll(plainInsert) }),
  };
}

function roundedAll(values: object): object {
  return Object.fromEntries(
    Object.entries(values as Record<string, number>).map(([key, value]) => [key, rounded(value, 2)]),
  );
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
