import type { Arrivals } from './arrivals';
import type { Host } from './host';

/** What became of the events of one scenario, or of all. */
export interface Tally {
  /** Emits that have resolved: what the promise covers. */
  sent: number;
  /** Of those. */
  lost: number;
  /** Copies behind the first. */
  duplicated: number;
  /** First copies that came behind a later event of their chat. */
  outOfOrder: number;
  /** Of the copies: the same message, handed out again by the broker. */
  redelivered: number;
  /** Emitted by a process that was killed before their emit had resolved. Not among those sent. */
  unacknowledged: number;
  /** Of those: arrived all the same. */
  unacknowledgedArrived: number;
}

export function tallyOf(hosts: readonly Host[], arrivals: Arrivals): Tally {
  const arrived = (numbers: ReadonlySet<number>, stream: string) =>
    [...numbers].filter((number) => arrivals.has(stream, number)).length;
  const tally = { sent: 0, lost: 0, unacknowledged: 0, unacknowledgedArrived: 0 };
  for (const { stream, acknowledged, abandoned } of hosts) {
    tally.sent += acknowledged.size;
    tally.lost += acknowledged.size - arrived(acknowledged, stream);
    tally.unacknowledged += abandoned.size;
    tally.unacknowledgedArrived += arrived(abandoned, stream);
  }
  const { duplicated, redelivered, outOfOrder } = arrivals;
  return { ...tally, duplicated, redelivered, outOfOrder };
}

export function sum(tallies: readonly Tally[]): Tally {
  const total = {
    sent: 0,
    lost: 0,
    duplicated: 0,
    outOfOrder: 0,
    redelivered: 0,
    unacknowledged: 0,
    unacknowledgedArrived: 0,
  };
  for (const tally of tallies) for (const key of Object.keys(total) as (keyof Tally)[]) total[key] += tally[key];
  return total;
}
