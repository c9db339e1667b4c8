/**
 * Does work on many, `size` of them at a time. @returns the results in their order. @throws what one of them throws, when
 * those that were begun with it have ended: nothing goes on behind the back of who tries again.
 */
export async function inBatches<T, R>(all: readonly T[], size: number, each: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < all.length; at += size) {
    for (const outcome of await Promise.allSettled(all.slice(at, at + size).map(each))) {
      if (outcome.status === 'rejected') throw outcome.reason;
      results.push(outcome.value);
    }
  }
  return results;
}
