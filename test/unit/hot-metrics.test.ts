import { describe, expect, it } from '@jest/globals';
import { Counter, Histogram, Registry, type Metric } from 'prom-client';
import { HotCounter, HotHistogram } from '../../src/metrics/hot-metrics';

const common = { name: 'calls', help: 'Calls.', labelNames: ['cache', 'outcome'] };

async function print(metric: object): Promise<string> {
  const registry = new Registry();
  registry.registerMetric(metric as Metric);
  return registry.metrics();
}

describe('metrics of what happens very often', () => {
  it('are printed as counters of prom-client are', async () => {
    const metrics = [new HotCounter(common), new Counter({ ...common, registers: [] })];
    for (const metric of metrics) {
      metric.labels('baileys', 'hit').inc();
      metric.labels('a "quoted"\none', 'miss').inc();
      metric.labels('baileys', 'hit').inc();
    }
    const [own, theirs] = await Promise.all(metrics.map(print));
    expect(own).toBe(theirs);
  });

  it('are printed as histograms of prom-client are', async () => {
    const buckets = [0.1, 1, 10];
    const metrics = [new HotHistogram(common, buckets), new Histogram({ ...common, buckets, registers: [] })];
    for (const metric of metrics)
      for (const value of [0, 0.1, 0.11, 1, 9.5, 10, 10.5, 1e9]) metric.labels('baileys', 'hit').observe(value);
    const [own, theirs] = await Promise.all(metrics.map(print));
    expect(own).toBe(theirs);
  });
});
