import { beforeEach, describe, expect, it } from '@jest/globals';
import { Lanes } from '../../src/events/lanes';
import type { PendingRow } from '../../src/stores/outbox-store';

let time = 0;
const clock = { now: () => time, monotonic: () => time };
const everywhere = new Set([0, 1]);

function row(seq: number, chatKey: number, partition = 0): PendingRow {
  const names = { instance: 'shop', chat: `${chatKey}@g.us`, event: 'send.message', eventId: `${seq}` };
  return {
    ...names,
    seq,
    chatKey,
    partition,
    chatSequence: seq,
    target: {},
    payload: '',
    payloadBytes: 10,
    capturedAt: 0,
  };
}

function takeAll(lanes: Lanes, held: ReadonlySet<number> = everywhere): PendingRow[] {
  const taken: PendingRow[] = [];
  for (let next = lanes.next(held); next; next = lanes.next(held)) taken.push(next);
  return taken;
}

describe('lanes', () => {
  let lanes: Lanes;

  beforeEach(() => {
    time = 1;
    lanes = new Lanes(clock);
    lanes.add([row(1, 7), row(2, 8), row(3, 7)]);
  });

  it('one row of each chat is under way at a time, in order', () => {
    const [first, second] = takeAll(lanes);
    expect([first?.seq, second?.seq]).toEqual([1, 2]);
    lanes.delivered(row(1, 7));
    expect(takeAll(lanes).map(({ seq }) => seq)).toEqual([3]);
  });

  it('a row that is loaded again is known until it is settled', () => {
    lanes.add([row(1, 7)]);
    expect(lanes.size).toBe(3);
    takeAll(lanes);
    lanes.delivered(row(1, 7));
    lanes.add([row(1, 7)]);
    expect(lanes.size).toBe(3);
    lanes.settled([1]);
    expect([lanes.size, lanes.bytes]).toEqual([2, 20]);
  });

  it('everything held is left out of the next fetch, until it is settled', () => {
    takeAll(lanes);
    lanes.delivered(row(1, 7));
    expect(lanes.knownSeqs()).toEqual([1, 2, 3]);
    lanes.settled([1]);
    expect(lanes.knownSeqs()).toEqual([2, 3]);
  });

  it('a chat that stalls is left out until its wait is over, and others go on', () => {
    takeAll(lanes);
    expect(lanes.stall(row(1, 7), () => 100)).toBe(1);
    lanes.add([row(1, 7), row(3, 7), row(4, 9)]);
    expect(takeAll(lanes).map(({ seq }) => seq)).toEqual([4]);
    expect(lanes.stalledKeys()).toEqual([7]);
    expect(lanes.untilWake()).toBe(100);
    expect(lanes.wakeStalled()).toBe(false);
    time += 100;
    expect(lanes.wakeStalled()).toBe(true);
    expect(lanes.untilWake()).toBe(Infinity);
    lanes.add([row(1, 7), row(3, 7)]);
    expect(takeAll(lanes).map(({ seq }) => seq)).toEqual([1]);
  });

  it('failures in a row are counted until the chat delivers', () => {
    takeAll(lanes);
    const attempts: number[] = [];
    for (const expected of [1, 2, 3]) {
      expect(lanes.stall(row(1, 7), (attempt) => attempts.push(attempt))).toBe(expected);
      time += 1_000;
      lanes.wakeStalled();
      lanes.add([row(1, 7)]);
      takeAll(lanes);
    }
    expect(attempts).toEqual([0, 1, 2]);
    lanes.delivered(row(1, 7));
    lanes.add([row(5, 7)]);
    takeAll(lanes);
    expect(lanes.stall(row(5, 7), () => 1)).toBe(1);
  });

  it('rows of a partition that is lost are let go of, and can be loaded again in order', () => {
    lanes.add([row(4, 9, 1)]);
    lanes.keepOnly([1]);
    expect(takeAll(lanes).map(({ seq }) => seq)).toEqual([4]);
    lanes.add([row(1, 7), row(2, 8), row(3, 7)]);
    expect(takeAll(lanes).map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('a row of a partition that is not held is not given out', () => {
    expect(takeAll(lanes, new Set([1]))).toEqual([]);
  });

  it('what is let go of while its delivery is under way never overtakes it', () => {
    takeAll(lanes);
    lanes.letGoWaiting();
    lanes.add([row(3, 7)]);
    expect(takeAll(lanes)).toEqual([]);
    lanes.delivered(row(1, 7));
    expect(takeAll(lanes).map(({ seq }) => seq)).toEqual([3]);
  });

  it('it is idle when the last delivery has ended', async () => {
    takeAll(lanes);
    let idle = false;
    const waiting = lanes.idle().then(() => (idle = true));
    lanes.delivered(row(1, 7));
    await Promise.resolve();
    expect(idle).toBe(false);
    lanes.letGo(row(2, 8));
    await waiting;
    expect(lanes.isEmpty).toBe(false);
  });
});
