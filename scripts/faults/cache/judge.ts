import { historiesOf } from './history';
import { lateCalls, longestOf } from './late-calls';
import type { Evidence, Write } from './record';

export interface Verdict {
  /** That were answered: with a value, or that there is none. */
  reads: number;
  /** Reads that were told that it cannot be told. */
  untold: number;
  /** Reads that were answered with less than what was acknowledged before they began. */
  stale: number;
  /** That were acknowledged. */
  writes: number;
  /** Of those: gone, and not by Redis. */
  writesLost: number;
  /** Of those: gone, and it was Redis that lost them. */
  lostByRedis: number;
  overLimit: number;
  longestMs: number;
  /** Some of what is wrong of each kind, for whoever looks for the cause. */
  findings: string[];
}

const MOST_FINDINGS = 5;

/**
 * Every item has one writer, which numbers its writes and begins one when the one before has ended. So of two answers it is
 * known which is the older one.
 *
 * A read is stale if it answers with an older write than the last one that was acknowledged before it began. A write is lost if
 * it was acknowledged and the primaries have an older one at the end. The only excuse of both is that Redis lost all the
 * writes between, for which all of this must hold:
 *
 * - A server executed the write as a primary, and said so. One that was acknowledged and reached no server is lost by us.
 * - It was never seen to be on all replicas of that primary; one that was cannot get lost in a fail-over.
 * - Another primary took over, and the write began before that was announced, or at most NEWS_MS behind it.
 * - Nobody sees the write any more after the read. Who sees it again knows that it was there all the time.
 * - It is not one of credentials that counted only when all replicas had it.
 *
 * Or that somebody deleted everything while the write was under way, or afterwards.
 */
export function judge(evidence: Evidence): Verdict {
  const { writes } = evidence;
  const verdict = { reads: 0, untold: 0 };
  const lostByRedis = new Set<Write>();
  const [stale, lost]: [string[], string[]] = [[], []];
  for (const history of historiesOf(evidence).values()) {
    for (const read of history.reads) {
      if (read.seen === 'untold' || read.seen === 'open') {
        verdict.untold += 1;
        continue;
      }
      verdict.reads += 1;
      const missing = history.missingFrom(read);
      const isExcused = missing.every((write) => history.wasLostByRedis(write, read.ended));
      if (!isExcused || history.isSeenAfter(read, missing)) {
        stale.push(history.tellOf(read, missing));
      } else for (const write of missing) lostByRedis.add(write);
    }
    for (const write of history.missingFrom(history.end)) {
      if (history.wasLostByRedis(write, Infinity)) lostByRedis.add(write);
      else {
        lost.push(history.tellOf(history.end, [write]));
      }
    }
  }
  const late = lateCalls(evidence);
  return {
    ...verdict,
    writes: writes.filter(({ outcome }) => outcome === 'acknowledged').length,
    stale: stale.length,
    writesLost: lost.length,
    lostByRedis: lostByRedis.size,
    overLimit: late.length,
    longestMs: longestOf(evidence),
    findings: [stale, lost, late].flatMap((each) => each.slice(0, MOST_FINDINGS)),
  };
}
