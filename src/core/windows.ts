/** Asks for everything, so many at a time, and gives the answers in the order of what was asked. */
export async function inWindows<T, R>(all: readonly T[], window: number, ask: (one: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  for (let at = 0; at < all.length; at += window) {
    answers.push(...(await Promise.all(all.slice(at, at + window).map(ask))));
  }
  return answers;
}
