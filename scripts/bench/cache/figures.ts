import type { Comparison } from './rounds';

export const CONCURRENCIES = [1, 16, 256] as const;
export const SIZES = [200, 20_000] as const;
export type Concurrency = (typeof CONCURRENCIES)[number];

/** At so many at a time. */
export type ByConcurrency<T> = Record<`c${Concurrency}`, T>;
/** With values of so many bytes. */
export type BySize<T> = Record<`b${(typeof SIZES)[number]}`, T>;

/** What was measured; a part that did not run is absent. */
export interface Measured {
  /** The guard, against the host's way. */
  messages?: ByConcurrency<BySize<Comparison>>;
  objects?: ByConcurrency<BySize<Comparison>>;
  /** With the fence before reads, against none. */
  verification?: ByConcurrency<Comparison>;
  /** Deletes that look whether the key is gone, against plain ones. */
  deletes?: Record<'present' | 'absent', Comparison>;
}

/** Times as many calls a second as in the host's way: the lower of the two sizes; null where the part did not run. */
export function ratiosOf({ messages }: Measured): ByConcurrency<number | null> {
  const lower = (name: keyof ByConcurrency<unknown>) =>
    messages ? rounded(Math.min(...Object.values(messages[name]).map(({ ratio }) => ratio))) : null;
  return { c1: lower('c1'), c16: lower('c16'), c256: lower('c256') };
}

/** The object of --json. */
export function figuresOf(measured: Measured): object {
  return { ratios: ratiosOf(measured), ...(roundedAll(measured) as object) };
}

function roundedAll(value: unknown): unknown {
  if (typeof value === 'number') return rounded(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, roundedAll(each)]));
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}
