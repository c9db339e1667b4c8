import { beforeEach, describe, expect, it } from '@jest/globals';
import { ChatQueues, type Place } from '../../src/sends/chat-queues';

describe('chat queues', () => {
  let queues: ChatQueues;
  let emptied: string[];
  let came: string[];

  beforeEach(() => {
    [emptied, came] = [[], []];
    queues = new ChatQueues({ total: 6, perChat: 4 }, (key) => emptied.push(key));
  });

  /** Takes a place whose turn is written down when it comes. */
  function enter(key: string, name: string, options?: { isHigh?: boolean; isOwed?: boolean }): Place {
    const place = queues.enter(key, options);
    void place.turn.then(() => came.push(name));
    return place;
  }

  const settled = () => new Promise(setImmediate);

  it('call one at a time for each chat, in the order in which they came, and all chats at once', async () => {
    const [first, second] = [enter('a', 'a1'), enter('a', 'a2')];
    enter('a', 'a3');
    enter('b', 'b1');
    await settled();
    expect(came).toEqual(['a1', 'b1']);
    expect([first.isFirst, second.isFirst]).toEqual([true, false]);
    first.leave();
    await settled();
    expect([first.isFirst, second.isFirst]).toEqual([false, true]);
    second.leave();
    await settled();
    expect(came).toEqual(['a1', 'b1', 'a2', 'a3']);
  });

  it('let high priority overtake those who wait, but not the one whose turn it is, in its own order', async () => {
    const first = enter('a', 'under way');
    const places = [enter('a', 'normal 1'), enter('a', 'high 1', { isHigh: true })];
    const last = enter('a', 'high 2', { isHigh: true });
    await settled();
    expect(came).toEqual(['under way']);
    for (const place of [first, places[1], last, places[0]]) {
      place?.leave();
      await settled();
    }
    expect(came).toEqual(['under way', 'high 1', 'high 2', 'normal 1']);
  });

  it('refuse beyond the limit of a chat, and beyond that of the process, whoever asks', () => {
    for (let number = 0; number < 4; number += 1) enter('a', `${number}`);
    expect(() => enter('a', 'one too many', { isHigh: true })).toThrow(
      /GUARD_SENDS_FULL: .*There are 4 for this chat\./,
    );
    enter('b', 'b');
    const last = enter('c', 'c');
    expect(() => enter('d', 'd')).toThrow(/GUARD_SENDS_FULL: .*There are 6 in this process\./);
    expect([queues.size, queues.depth('a'), queues.depth('d')]).toEqual([6, 4, 0]);
    last.leave();
    expect(() => enter('d', 'd')).not.toThrow();
  });

  it('turn nobody away who was accepted long ago', () => {
    for (let number = 0; number < 6; number += 1) enter('a', `${number}`, { isOwed: true });
    enter('b', 'b', { isOwed: true });
    expect([queues.size, queues.depth('a')]).toEqual([7, 6]);
  });

  it('forget who leaves before the turn has come, in either lane', async () => {
    const first = enter('a', 'first');
    const given = [enter('a', 'gives up'), enter('a', 'gives up too', { isHigh: true }), enter('a', 'stays')];
    given[0]?.leave();
    given[1]?.leave();
    expect([queues.size, queues.depth('a')]).toEqual([2, 2]);
    first.leave();
    await settled();
    expect(came).toEqual(['first', 'stays']);
  });

  it('count each place once, however often it is left', async () => {
    const [first, second] = [enter('a', 'first'), enter('a', 'second')];
    enter('a', 'third');
    for (let time = 0; time < 3; time += 1) first.leave();
    await settled();
    expect([came, queues.size]).toEqual([['first', 'second'], 2]);
    second.leave();
    first.leave();
    await settled();
    expect([came, queues.size]).toEqual([['first', 'second', 'third'], 1]);
  });

  it('keep nothing of a chat without work, and tell so once', async () => {
    const known = (queues as unknown as { chats: Map<string, unknown> }).chats;
    for (let chat = 0; chat < 1_000; chat += 1) {
      const place = enter(`${chat}`, 'only');
      const waiting = queues.enter(`${chat}`);
      waiting.leave();
      place.leave();
      place.leave();
    }
    expect([known.size, queues.size, emptied.length]).toEqual([0, 0, 1_000]);
    // Who left a chat long ago has no hold on the one that has its name by now.
    const old = enter('a', 'old');
    old.leave();
    const place = enter('a', 'new');
    enter('a', 'next');
    old.leave();
    await settled();
    expect([place.isFirst, queues.depth('a')]).toEqual([true, 2]);
  });
});
