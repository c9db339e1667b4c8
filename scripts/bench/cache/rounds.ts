/** Works until the time of performance.now(). @returns how many calls it made. */
export type Round = (until: number) => Promise<number>;

export interface Comparison<Name extends string> {
  /** Median of the rounds. */
  perSecond: Record<Name, number>;
  /** The first one's rate to the second one's: median of the rounds, each against its neighbour. */
  ratio: number;
  /** The middle half of the rounds lies between these. */
  from: number;
  to: number;
}

const WARM_UP_ROUNDS = 2;

/**
 * Lets two contenders take turns, each going first in every second round: what else the machine does at the moment meets
 * both.
 */
export async function takeTurns<Own extends string, Other extends string>(
  [own, ownRound]: readonly [Own, Round],
  [other, otherRound]: readonly [Other, Round],
  { rounds, roundMs }: { rounds: number; roundMs: number },
): Promise<Comparison<Own | Other>> {
  const rates: [number, number][] = [];
  for (let number = -WARM_UP_ROUNDS; number < rounds; number++) {
    const isFirst = number % 2 === 0;
    const early = await rate(isFirst ? ownRound : otherRound, roundMs);
    const late = await rate(isFirst ? otherRound : ownRound, roundMs);
    if (number >= 0) rates.push(isFirst ? [early, late] : [late, early]);
  }
  const ratios = rates.map(([ours, theirs]) => ours / theirs);
  const perSecond = {
    [own]: quantile(rates.map(([ours]) => ours), 0.5),
    [other]: quantile(rates.map(([, theirs]) => theirs), 0.5),
  } as Record<Own | Other, number>; // prettier-ignore
  return { perSecond, ratio: quantile(ratios, 0.5), from: quantile(ratios, 0.25), to: quantile(ratios, 0.75) };
}

async function rate(round: Round, roundMs: number): Promise<number> {
  const from = performance.now();
  const calls = await round(from + roundMs);
  return (calls / (performance.now() - from)) * 1000;
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}
