import type { Contender } from './contender';
import type { RoundResult } from './task';

export interface Rate {
  perSecond: number;
  /** CPU time of the process, in microseconds. */
  cpuUsPerCall: number;
  /** Of the calls for one message together; absent where there are no messages. */
  times?: { p50Ms: number; p99Ms: number };
}

export interface Comparison {
  own: Rate;
  other: Rate;
  /** Times as many calls a second as the other: median of the rounds, each against its neighbour. */
  ratio: number;
  /** The middle half of the rounds lies between these. */
  from: number;
  to: number;
}

export interface Pace {
  rounds: number;
  roundMs: number;
}

const WARM_UP_MS = 1_000;

/** Two contenders take turns, each going first in every second round: what else the machine does meets both. */
export async function takeTurns(own: Contender, other: Contender, { rounds, roundMs }: Pace): Promise<Comparison> {
  for (const each of [own, other]) await each.round(WARM_UP_MS);
  const results: [RoundResult, RoundResult][] = [];
  for (let number = 0; number < rounds; number++) {
    const [early, late] = number % 2 === 0 ? [own, other] : [other, own];
    const first = await early.round(roundMs);
    const second = await late.round(roundMs);
    results.push(early === own ? [first, second] : [second, first]);
  }
  const ratios = results.map(([ours, theirs]) => ours.callsPerSecond / theirs.callsPerSecond);
  return {
    own: rateOf(results.map(([ours]) => ours)),
    other: rateOf(results.map(([, theirs]) => theirs)),
    ratio: quantile(ratios, 0.5),
    from: quantile(ratios, 0.25),
    to: quantile(ratios, 0.75),
  };
}

/** Medians of the rounds. */
function rateOf(results: readonly RoundResult[]): Rate {
  const times = results.flatMap((each) => each.times);
  return {
    perSecond: quantile(results.map((each) => each.callsPerSecond), 0.5),
    cpuUsPerCall: quantile(results.map((each) => each.cpuUsPerCall), 0.5),
    ...(times.length > 0 ? { times: { p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) } } : {}),
  }; // prettier-ignore
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}
