import { describe, expect, it } from '@jest/globals';
import { judge } from '../../scripts/faults/cache/judge';
import type { Evidence, Execution, Read, Reign, Seen, Write } from '../../scripts/faults/cache/record';

const LIMIT_MS = 2_000;
const NOTHING_HAPPENED: Evidence = {
  writes: [],
  reads: [],
  stalls: [],
  executions: [],
  failovers: [],
  wipes: [],
  final: new Map(),
  limitMs: LIMIT_MS,
  areCredentialsReplicated: false,
};

/** A write of one item, 10 ms long. */
function write(seq: number, begun: number, more: Partial<Write> = {}): Write {
  const outcome = 'acknowledged';
  return {
    stream: 'a',
    item: 'a1',
    seq,
    isDelete: false,
    isCredentials: false,
    begun,
    ended: begun + 10,
    outcome,
    ...more,
  };
}

function read(seen: Seen, begun: number, more: Partial<Read> = {}): Read {
  return { stream: 'b', item: 'a1', begun, ended: begun + 10, seen, ...more };
}

const execution = (seq: number | undefined, at: number, reign: Reign): Execution => ({ item: 'a1', seq, at, reign });
const verdictOf = (evidence: Partial<Evidence>) => judge({ ...NOTHING_HAPPENED, ...evidence });
const final = (seen: Seen) => new Map([['a1', seen]]);

/** The second write was executed by a primary that was replaced, and that never had it confirmed by its replicas. */
function afterFailover(confirmedUntil = 50): Partial<Evidence> {
  const reign = { port: 1, confirmedUntil };
  return {
    writes: [write(1, 0), write(2, 100)],
    executions: [execution(1, 5, reign), execution(2, 105, reign)],
    failovers: [{ begun: 120, ended: 3_000 }],
    final: final(1),
  };
}

describe('the judge of the cache', () => {
  it('an answer that is older than the last acknowledged write is stale', () => {
    const writes = [write(1, 0), write(2, 100)];
    expect(verdictOf({ writes, reads: [read(1, 200)], final: final(2) })).toMatchObject({ reads: 1, stale: 1 });
    expect(verdictOf({ writes, reads: [read('nothing', 200)], final: final(2) })).toMatchObject({ stale: 1 });
    expect(verdictOf({ writes, reads: [read(2, 200)], final: final(2) })).toMatchObject({ reads: 1, stale: 0 });
  });

  it('while a write is under way, or where it has failed, its value and the one before it are both right', () => {
    const writes = [write(1, 0), write(2, 100, { ended: 300 })];
    expect(verdictOf({ writes, reads: [read(1, 200), read(2, 210)], final: final(2) }).stale).toBe(0);
    const failed = [write(1, 0), write(2, 100, { outcome: 'failed' })];
    expect(verdictOf({ writes: failed, reads: [read(2, 200), read(1, 210)], final: final(1) })).toMatchObject({
      stale: 0,
      writesLost: 0,
    });
  });

  it('a failed write that shows up over a later one that was acknowledged is seen', () => {
    const writes = [write(1, 0, { outcome: 'failed' }), write(2, 100)];
    expect(verdictOf({ writes, reads: [read(1, 200)], final: final(1) })).toMatchObject({ stale: 1, writesLost: 1 });
  });

  it('what was deleted must not come back, and nothing is right while the delete is under way', () => {
    const writes = [write(1, 0), write(2, 100, { isDelete: true })];
    expect(verdictOf({ writes, reads: [read(1, 200), read('something', 220)], final: final(1) })).toMatchObject({
      stale: 2,
      writesLost: 1,
    });
    expect(verdictOf({ writes, reads: [read('nothing', 105)], final: final('nothing') })).toMatchObject({
      stale: 0,
      writesLost: 0,
    });
  });

  it('who is told that it is not known is not answered, and not stale', () => {
    const writes = [write(1, 0)];
    const reads = [read('untold', 100), read('open', 100)];
    expect(verdictOf({ writes, reads, final: final(1) })).toMatchObject({ reads: 0, untold: 2, stale: 0 });
  });

  it('an acknowledged write that reached no server is lost by us, whatever happened to Redis', () => {
    expect(verdictOf({ ...afterFailover(), executions: [] })).toMatchObject({ writesLost: 1, lostByRedis: 0 });
  });

  it('what a primary had alone when it was replaced is lost by Redis, and reads without it are right', () => {
    expect(verdictOf({ ...afterFailover(), reads: [read(1, 4_000)] })).toMatchObject({
      stale: 0,
      writesLost: 0,
      lostByRedis: 1,
    });
  });

  it('what was on all replicas is not lost by Redis', () => {
    expect(verdictOf({ ...afterFailover(110), reads: [read(1, 4_000)] })).toMatchObject({ stale: 1, writesLost: 1 });
  });

  it('what one read does not show and a later one does was there all the time', () => {
    const reads = [read(1, 2_000), read(2, 2_500)];
    expect(verdictOf({ ...afterFailover(), reads }).stale).toBe(1);
    expect(verdictOf({ ...afterFailover(), reads: [read(1, 2_000)], final: final(2) }).stale).toBe(1);
  });

  it('before a fail-over nothing is excused by it', () => {
    expect(verdictOf({ ...afterFailover(), reads: [read(1, 112, { ended: 115 })] }).stale).toBe(1);
  });

  it('who goes on writing to a primary that was replaced a while ago loses the writes himself', () => {
    const late = { ...afterFailover(), failovers: [{ begun: -3_000, ended: -1_000 }] };
    expect(verdictOf(late)).toMatchObject({ writesLost: 1, lostByRedis: 0 });
  });

  it('credentials that count only when all replicas have them are not lost in a fail-over', () => {
    const evidence = afterFailover();
    const writes = [write(1, 0), write(2, 100, { isCredentials: true })];
    expect(verdictOf({ ...evidence, writes, areCredentialsReplicated: true }).writesLost).toBe(1);
    expect(verdictOf({ ...evidence, writes }).writesLost).toBe(0);
  });

  it('credentials that wait for a primary are known to the process that wrote them, and to others when a primary has them', () => {
    const writes = [write(1, 0, { isCredentials: true })];
    const executions = [execution(1, 500, { port: 1, confirmedUntil: 600 })];
    const seenBy = (stream: string, begun: number) =>
      verdictOf({ writes, executions, reads: [read('nothing', begun, { stream })], final: final(1) }).stale;
    expect(seenBy('a', 100)).toBe(1);
    expect(seenBy('b', 100)).toBe(0);
    expect(seenBy('b', 600)).toBe(1);
  });

  it('what somebody deletes with everything else is lost by nobody else, and nothing written afterwards is excused by it', () => {
    const wipes = [{ begun: 200, ended: 210 }];
    const writes = [write(1, 0)];
    expect(verdictOf({ writes, wipes, reads: [read('nothing', 300)] })).toMatchObject({ stale: 0, lostByRedis: 1 });
    expect(verdictOf({ writes, wipes, reads: [read('nothing', 100)] }).stale).toBe(1);
    expect(verdictOf({ writes: [write(1, 250)], wipes, reads: [read('nothing', 300)] })).toMatchObject({
      stale: 1,
      writesLost: 1,
    });
  });

  it('a call that takes longer than the limit is over it, by more than its process stood still when it was due', () => {
    const writes = [write(1, 0, { ended: LIMIT_MS + 500 })];
    expect(verdictOf({ writes, final: final(1) })).toMatchObject({ overLimit: 1, longestMs: LIMIT_MS + 500 });
    const stalled = (begun: number, ended: number, stream = 'a') =>
      verdictOf({ writes, stalls: [{ stream, begun, ended }], final: final(1) }).overLimit;
    expect(stalled(LIMIT_MS - 100, LIMIT_MS + 490)).toBe(0);
    expect(stalled(LIMIT_MS - 900, LIMIT_MS - 100)).toBe(1);
    expect(stalled(LIMIT_MS - 100, LIMIT_MS + 490, 'b')).toBe(1);
  });

  it('a call that never ends is over the limit when it is given up', () => {
    expect(verdictOf({ reads: [read('open', 0, { ended: 7_000 })] })).toMatchObject({ overLimit: 1, untold: 1 });
  });
});
