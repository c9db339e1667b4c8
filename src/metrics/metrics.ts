import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS } from './registry';

type Table = typeof METRICS;
type Kind = { counter: Counter; gauge: Gauge; histogram: Histogram };

/** The live metrics, keyed as in the table, and the registry that prints them. */
export type Metrics = { readonly [K in keyof Table]: Kind[Table[K]['type']] } & { readonly registry: Registry };

export function createMetrics(): Metrics {
  const registry = new Registry();
  const entries = Object.entries(METRICS).map(([key, { name, help, labels, ...rest }]) => {
    const common = { name, help, labelNames: [...labels], registers: [registry] };
    if (rest.type === 'counter') return [key, new Counter(common)];
    if (rest.type === 'gauge') return [key, new Gauge(common)];
    return [key, new Histogram({ ...common, buckets: [...rest.buckets] })];
  });
  return { ...(Object.fromEntries(entries) as Omit<Metrics, 'registry'>), registry };
}
