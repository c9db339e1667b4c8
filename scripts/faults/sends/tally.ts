import type { SendState } from '../../../src/stores/send-store';
import type { Channel } from './channel';
import type { SendingHost } from './sending-host';

/** What became of the sends of one scenario, or of all. */
export interface Tally {
  /** Accepted: written into the journal, or answered. Without the plugin: all that were asked for. */
  sent: number;
  /** Of those: never arrived, and nobody was told. */
  lost: number;
  /** Numbers that arrived as two messages. */
  twice: number;
  /** Numbers that first arrived behind a later one of their process and chat. */
  inverted: number;
  /** Of the Business channel: begun by a process that ended then; it may have gone out, and the journal says so. */
  unknown: number;
  /** Of those: arrived. */
  unknownArrived: number;
  /** Of those: their caller had the answer, which the process did not live to write. */
  unknownAnswered: number;
  /** Not finished in the journal when nothing happened any more. */
  open: number;
  /** Arrivals of a message that the receiver had already, by its id. */
  copies: number;
  /** Asked for, and not in the journal when the process was killed: nobody was promised anything. */
  notAccepted: number;
  /** Of those: arrived all the same. */
  notAcceptedArrived: number;
  /** Of those: a later one of the same process and chat was accepted. */
  overtaken: number;
  /** Arrivals under a lower fencing token than one before. */
  stale: number;
  /** Arrivals while another message of the chat was being answered. */
  atTheSameTime: number;
}

const NOTHING: Tally = {
  sent: 0,
  lost: 0,
  twice: 0,
  inverted: 0,
  unknown: 0,
  unknownArrived: 0,
  unknownAnswered: 0,
  open: 0,
  copies: 0,
  notAccepted: 0,
  notAcceptedArrived: 0,
  overtaken: 0,
  stale: 0,
  atTheSameTime: 0,
};

/** @param states what the journal says, by send id; without the plugin there is none. */
export function tallyOf(
  hosts: readonly SendingHost[],
  channel: Channel,
  states: ReadonlyMap<string, SendState> | undefined,
): Tally {
  const { twice, inversions, copies, stale, atTheSameTime } = channel;
  const tally = { ...NOTHING, twice, inverted: inversions.length, copies, stale, atTheSameTime };
  for (const host of hosts) {
    const stateOf = (number: number) => states?.get(host.writtenAs.get(number) ?? '');
    for (const number of host.called.keys()) {
      const hasArrived = channel.has(host.stream, number);
      const state = stateOf(number);
      if (states && state === undefined && !host.answered.has(number)) {
        tally.notAccepted += 1;
        if (hasArrived) tally.notAcceptedArrived += 1;
        if (host.laterInChat(number).some((later) => stateOf(later) !== undefined)) tally.overtaken += 1;
        continue;
      }
      tally.sent += 1;
      if (state === 'accepted' || state === 'sending') tally.open += 1;
      if (state === 'unknown') {
        tally.unknown += 1;
        if (hasArrived) tally.unknownArrived += 1;
        if (host.answered.has(number)) tally.unknownAnswered += 1;
      } else if (!hasArrived && !(state === 'failed' && host.refused.has(number))) tally.lost += 1;
    }
  }
  return tally;
}

/** The longest time in seconds from a call until its message arrived, what was done to the processes included. */
export function longestWait(hosts: readonly SendingHost[], channel: Channel): number {
  const waits = hosts.flatMap(({ stream, called }) =>
    [...called].map(([number, calledAt]) => (channel.arrivedAt(stream, number) ?? calledAt) - calledAt),
  );
  return waits.reduce((longest, wait) => Math.max(longest, wait), 0) / 1000;
}

/** What callers were told instead of an answer: by code, how many, and how many of those arrived. */
export function refusalsOf(hosts: readonly SendingHost[], channel: Channel): string[] {
  const codes = new Map<string, { times: number; arrived: number }>();
  for (const { stream, refused } of hosts) {
    for (const [number, code] of refused) {
      const { times, arrived } = codes.get(code) ?? { times: 0, arrived: 0 };
      codes.set(code, { times: times + 1, arrived: arrived + (channel.has(stream, number) ? 1 : 0) });
    }
  }
  return [...codes].map(
    ([code, { times, arrived }]) => `${times} callers were told ${code}; ${arrived} of their messages arrived`,
  );
}

export function sum(tallies: readonly Tally[]): Tally {
  const total = { ...NOTHING };
  for (const tally of tallies) for (const key of Object.keys(NOTHING) as (keyof Tally)[]) total[key] += tally[key];
  return total;
}
