/** Does work on many, `size` of them at a time. @returns the results in their order. @throws what one of them throws. */
export async function inBatches<T, R>(all: readonly T[], size: number, each: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < all.length; at += size)
    results.push(...(await Promise.all(all.slice(at, at + size).map(each))));
  return results;
}
