/** Numbers in [0, 1). Handed in, so that a test can fix them. */
export type Random = () => number;

/**
 * Exponential backoff with full jitter: anywhere between half and all of `firstMs * 2^attempt`, at most `mostMs`.
 * Half is kept so that a retry never comes at once. Source: AWS Architecture Blog, "Exponential Backoff And Jitter" (2015).
 *
 * @param attempt 0 for the first retry.
 * @returns milliseconds to wait.
 */
export function backoffMs(attempt: number, random: Random, firstMs = 100, mostMs = 10_000): number {
  const ceiling = Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 30));
  return ceiling * (0.5 + random() / 2);
}
