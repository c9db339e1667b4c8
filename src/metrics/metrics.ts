import { Counter, Gauge, Histogram, Registry, type Metric } from 'prom-client';
import { HotCounter, HotHistogram } from './hot-metrics';
import { METRICS } from './registry';

type Table = typeof METRICS;
type Kind = { counter: Counter; gauge: Gauge; histogram: Histogram };
type HotKind = { counter: HotCounter; gauge: never; histogram: HotHistogram };
type KindOf<M extends Table[keyof Table]> = (M extends { isHot: true } ? HotKind : Kind)[M['type']];

/** The live metrics, keyed as in the table, and the registry that prints them. */
export type Metrics = { readonly [K in keyof Table]: KindOf<Table[K]> } & { readonly registry: Registry };

export function createMetrics(): Metrics {
  const registry = new Registry();
  const entries = Object.entries(METRICS).map(([key, { name, help, labels, ...rest }]) => {
    const common = { name, help, labelNames: [...labels], registers: [registry] };
    if ('isHot' in rest) {
      const hot = rest.type === 'counter' ? new HotCounter(common) : new HotHistogram(common, rest.buckets);
      registry.registerMetric(hot as unknown as Metric);
      return [key, hot];
    }
    if (rest.type === 'counter') return [key, new Counter(common)];
    if (rest.type === 'gauge') return [key, new Gauge(common)];
    return [key, new Histogram({ ...common, buckets: [...rest.buckets] })];
  });
  return { ...(Object.fromEntries(entries) as Omit<Metrics, 'registry'>), registry };
}
