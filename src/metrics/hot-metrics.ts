/*
 * Metrics of what happens a hundred thousand times a second. prom-client looks up the labels for each count, which takes
 * longer than what is counted; here that is done once, and to count is to add. The registry prints them like all others.
 */

interface HotOptions {
  name: string;
  help: string;
  labelNames: readonly string[];
}

type Labels = Record<string, string | number>;
type Value = { labels: Labels; value: number; metricName?: string };

abstract class HotMetric<Cell> {
  private readonly cells = new Map<string, { labels: Labels; cell: Cell }>();

  constructor(
    private readonly type: 'counter' | 'histogram',
    protected readonly options: HotOptions,
  ) {}

  get name(): string {
    return this.options.name;
  }

  /** To be looked up once. @param values of the labels, in their order. */
  labels(...values: readonly string[]): Cell {
    const key = JSON.stringify(values);
    const known = this.cells.get(key);
    if (known) return known.cell;
    const labels = Object.fromEntries(this.options.labelNames.map((name, at) => [name, values[at] ?? '']));
    const cell = this.make();
    this.cells.set(key, { labels, cell });
    return cell;
  }

  /** As the registry asks for it; without what never happened, as in prom-client. */
  get(): Promise<{ name: string; help: string; type: string; values: Value[] }> {
    const { name, help } = this.options;
    const values = [...this.cells.values()].flatMap(({ labels, cell }) => this.valuesOf(labels, cell));
    return Promise.resolve({ name, help, type: this.type, values });
  }

  protected abstract make(): Cell;
  protected abstract valuesOf(labels: Labels, cell: Cell): Value[];
}

class Count {
  value = 0;

  inc(by = 1): void {
    this.value += by;
  }
}

export class HotCounter extends HotMetric<Count> {
  constructor(options: HotOptions) {
    super('counter', options);
  }

  protected make(): Count {
    return new Count();
  }

  protected valuesOf(labels: Labels, { value }: Count): Value[] {
    return value === 0 ? [] : [{ labels, value }];
  }
}

class Distribution {
  /** Of each bucket alone; what is above all bounds comes last. */
  readonly counts: number[];
  sum = 0;

  constructor(private readonly bounds: readonly number[]) {
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] as number)) at += 1;
    (counts[at] as number) += 1;
    this.sum += value;
  }
}

export class HotHistogram extends HotMetric<Distribution> {
  constructor(
    options: HotOptions,
    /** Upper bounds, rising. */
    private readonly bounds: readonly number[],
  ) {
    super('histogram', options);
  }

  protected make(): Distribution {
    return new Distribution(this.bounds);
  }

  protected valuesOf(labels: Labels, { counts, sum }: Distribution): Value[] {
    const { name } = this.options;
    let total = 0;
    const buckets = counts.map((count, at): Value => {
      total += count;
      return { labels: { le: this.bounds[at] ?? '+Inf', ...labels }, value: total, metricName: `${name}_bucket` };
    });
    if (total === 0) return [];
    return [
      ...buckets,
      { labels, value: sum, metricName: `${name}_sum` },
      { labels, value: total, metricName: `${name}_count` },
    ];
  }
}
