import { beforeEach, describe, expect, it } from '@jest/globals';
import type { HeldRow } from '../../src/events/held-row';
import { Lanes } from '../../src/events/lanes';

let time = 0;
const clock = { now: () => time, monotonic: () => time };
const everywhere = new Set([0, 1]);

function row(seq: number, chatKey: number, partition = 0): HeldRow {
  const names = { instance: 'shop', chat: `${chatKey}@g.us`, event: 'send.message', eventId: `${seq}` };
  return {
    ...names,
    sink: 'rabbitmq',
    receiverKey: 0,
    seq,
    chatKey,
    partition,
    chatSequence: seq,
    target: '{}',
    payload: '',
    payloadBytes: 10,
    capturedAt: 0,
    attempts: 0,
    epoch: 1,
    receiver: 0,
  };
}

function takeAll(lanes: Lanes, held: ReadonlySet<number> = everywhere): HeldRow[] {
  const taken: HeldRow[] = [];
  const isHeld = ({ partition }: HeldRow) => held.has(partition);
  for (let next = lanes.next(isHeld); next; next = lanes.next(isHeld)) taken.push(next);
  return taken;
}

describe('lanes', () => {
  let lanes: Lanes;
  let perChat: number;
  let freed: number;
  const look = (rows: HeldRow[]) => {
    lanes.lookBegins();
    lanes.lookEnds(rows);
  };

  beforeEach(() => {
    time = 1;
    perChat = 1;
    freed = 0;
    lanes = new Lanes({ clock, perReceiver: Infinity, perChat: () => perChat, freed: () => (freed += 1) });
    look([row(1, 7), row(2, 8), row(3, 7)]);
  });

  it('one row of each chat is under way at a time, in order', () => {
    const [first, second] = takeAll(lanes);
    expect([first?.seq, second?.seq]).toEqual([1, 2]);
    lanes.delivered(row(1, 7));
    expect(takeAll(lanes).map(({ seq }) => seq)).toEqual([3]);
  });

  it('a row that is loaded again is known until it is settled', () => {
    look([row(1, 7)]);
    expect(lanes.size).toBe(3);
    takeAll(lanes);
    lanes.delivered(row(1, 7));
    look([row(1, 7)]);
    expect(lanes.size).toBe(3);
    lanes.settled([1]);
    expect([lanes.size, lanes.bytes]).toEqual([2, 20]);
  });

  it('everything held is left out of the next fetch, until it is settled', () => {
    takeAll(lanes);
    lanes.delivered(row(1, 7));
    expect(lanes.lookBegins()).toEqual([1, 2, 3]);
    lanes.settled([1]);
    expect(lanes.lookBegins()).toEqual([2, 3]);
  });

  it('a chat that stalls is left out until its wait is over, and others go on', () => {
    takeAll(lanes);
    expect(lanes.stall(row(1, 7), () => 100)).toBe(1);
    look([row(1, 7), row(3, 7), row(4, 9)]);
    expect(takeAll(lanes).map(({ seq }) => seq)).toEqual([4]);
    expect(lanes.stalls.waiting()).toEqual([7]);
    expect(lanes.stalls.untilWake()).toBe(100);
    expect(lanes.stalls.wake()).toBe(false);
    time += 100;
    expect(lanes.stalls.wake()).toBe(true);
    expect(lanes.stalls.untilWake()).toBe(Infinity);
    look([row(1, 7), row(3, 7)]);
    expect(takeAll(lanes).map(({ seq }) => seq)).toEqual([1]);
  });

  it('failures in a row are counted until the chat delivers', () => {
    takeAll(lanes);
    const attempts: number[] = [];
    for (const expected of [1, 2, 3]) {
      expect(lanes.stall(row(1, 7), (attempt) => attempts.push(attempt))).toBe(expected);
      time += 1_000;
      lanes.stalls.wake();
      look([row(1, 7)]);
      takeAll(lanes);
    }
    expect(attempts).toEqual([0, 1, 2]);
    lanes.delivered(row(1, 7));
    look([row(5, 7)]);
    takeAll(lanes);
    expect(lanes.stall(row(5, 7), () => 1)).toBe(1);
  });

  it('rows of a partition that is lost are let go of, and can be loaded again in order', () => {
    look([row(4, 9, 1)]);
    lanes.keepOnly(({ partition }) => partition === 1);
    expect(takeAll(lanes).map(({ seq }) => seq)).toEqual([4]);
    look([row(1, 7), row(2, 8), row(3, 7)]);
    expect(takeAll(lanes).map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('a row of a partition that is not held is not given out', () => {
    expect(takeAll(lanes, new Set([1]))).toEqual([]);
  });

  it('what is let go of while its delivery is under way never overtakes it', () => {
    takeAll(lanes);
    lanes.letGoWaiting();
    look([row(3, 7)]);
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

  it('a row that is settled while a look is under way is not added by what the look brings', () => {
    takeAll(lanes);
    lanes.delivered(row(1, 7));
    lanes.lookBegins();
    lanes.settled([1]);
    lanes.lookEnds([row(1, 7)]);
    expect(lanes.size).toBe(2);
  });

  it('a fresh row is taken where it comes next in its chat, and left to a look where others may lie between', () => {
    const fresh = (seq: number, chatKey: number, chatSequence: number) => ({ ...row(seq, chatKey), chatSequence });
    expect(lanes.addFresh(fresh(10, 7, 4))).toBe(true);
    expect(lanes.addFresh(fresh(12, 7, 6))).toBe(false);
    expect(lanes.addFresh(fresh(13, 9, 1))).toBe(true);
    expect(lanes.addFresh(fresh(14, 6, 2))).toBe(false);
    expect(lanes.addFresh({ ...fresh(15, 7, 5), chat: 'another chat with the same key' })).toBe(false);
  });

  it('after anything of a chat was let go of, its fresh rows wait for a look', () => {
    lanes.letGoWaiting();
    expect(lanes.addFresh({ ...row(10, 7), chatSequence: 4 })).toBe(false);
  });

  it('of a chat that has failed one row is held until that is delivered, and a look leaves out the rest', () => {
    takeAll(lanes);
    lanes.stall(row(1, 7), () => 100);
    time += 100;
    lanes.stalls.wake();
    look([row(1, 7), row(3, 7), row(4, 7)]);
    expect([lanes.closed(), takeAll(lanes).map(({ seq }) => seq)]).toEqual([[7], [1]]);
    const before = freed;
    lanes.delivered(row(1, 7));
    expect([lanes.closed(), freed]).toEqual([[], before + 1]);
  });

  it('no more is held of a receiver than its share, and the rest is asked for when there is room again', () => {
    lanes = new Lanes({ clock, perReceiver: 1, perChat: () => 1, freed: () => (freed += 1) });
    look(Array.from({ length: 30 }, (_, n) => ({ ...row(n + 1, n), receiver: 1, receiverKey: 11 })));
    look([{ ...row(100, 100), receiver: 2, receiverKey: 12 }]);
    expect([lanes.size, lanes.receivers.full()]).toEqual([21, [11]]);
    expect(lanes.addFresh({ ...row(101, 101), receiver: 1, receiverKey: 11, chatSequence: 1 })).toBe(true);
    expect(lanes.size).toBe(21);
    lanes.receivers.moved(11);
    expect(lanes.receivers.full()).toEqual([]);
    look([{ ...row(30, 29), receiver: 1, receiverKey: 11 }]);
    expect(lanes.receivers.full()).toEqual([11]);
    for (let seq = 1; seq <= 10; seq += 1) {
      expect(freed).toBe(0);
      const [taken] = takeAll(lanes).filter(({ receiver }) => receiver === 1);
      if (taken) lanes.delivered(taken);
      lanes.settled([seq]);
    }
    expect([freed, lanes.receivers.full()]).toEqual([1, []]);
  });

  it('several of a chat may be under way where the sink keeps their order, and all are loaded again if one fails', () => {
    perChat = 2;
    look([row(4, 7)]);
    expect(takeAll(lanes).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    lanes.letGo(row(1, 7));
    look([row(4, 7)]);
    expect([takeAll(lanes), freed]).toEqual([[], 0]);
    expect(lanes.lookBegins()).toEqual([1, 2, 3]);
    lanes.letGo(row(3, 7));
    expect(freed).toBe(1);
    lanes.lookEnds([row(1, 7), row(3, 7), row(4, 7)]);
    expect(takeAll(lanes).map(({ seq }) => seq)).toEqual([1, 3]);
  });
});
