import { describe, expect, it } from '@jest/globals';
import { Pacing } from '../../src/sends/pacing';
import { Patience } from '../../src/sends/patience';

/** Time that the test moves. */
function handClock() {
  let now = 1_000;
  return { move: (ms: number) => (now += ms), clock: { now: () => now, monotonic: () => now } };
}

describe('rates', () => {
  const make = (rates: { perInstance?: number; perChat?: number; jitterMs?: number }) => {
    const { clock, move } = handClock();
    const { perInstance, perChat, jitterMs = 0 } = rates;
    return { move, pacing: new Pacing({ perInstance, perChat, jitterMs, clock, random: () => 0.5 }) };
  };

  it('hold nobody back where none is set', () => {
    const { pacing } = make({ jitterMs: 1_000 });
    expect([1, 2, 3].map(() => pacing.delayMs('shop', 'shop\0a'))).toEqual([0, 0, 0]);
  });

  it('spread the sends of a chat evenly, and leave other chats alone', () => {
    const { pacing } = make({ perChat: 60 });
    expect([1, 2, 3].map(() => pacing.delayMs('shop', 'shop\0a'))).toEqual([0, 1_000, 2_000]);
    expect(pacing.delayMs('shop', 'shop\0b')).toBe(0);
  });

  it('spread the sends of an instance over all its chats', () => {
    const { pacing } = make({ perInstance: 120 });
    expect(['a', 'b', 'c'].map((chat) => pacing.delayMs('shop', `shop\0${chat}`))).toEqual([0, 500, 1_000]);
    expect(pacing.delayMs('other', 'other\0a')).toBe(0);
  });

  it('ask for the longer of two waits', () => {
    const { pacing } = make({ perInstance: 60, perChat: 6 });
    expect([1, 2].map(() => pacing.delayMs('shop', 'shop\0a'))).toEqual([0, 10_000]);
    expect(pacing.delayMs('shop', 'shop\0b')).toBe(2_000);
  });

  it('ask for nothing of a chat that has been silent for long enough', () => {
    const { pacing, move } = make({ perChat: 60 });
    pacing.delayMs('shop', 'shop\0a');
    move(1_000);
    expect(pacing.delayMs('shop', 'shop\0a')).toBe(0);
  });

  it('make only waits uneven, by the jitter', () => {
    const { pacing } = make({ perChat: 60, jitterMs: 400 });
    expect([1, 2].map(() => pacing.delayMs('shop', 'shop\0a'))).toEqual([0, 1_200]);
  });
});

describe('the patience with a chat that fails', () => {
  const make = () => {
    const { clock, move } = handClock();
    return { move, patience: new Patience(30_000, clock) };
  };

  it('counts from its first failure, over all its sends', () => {
    const { patience, move } = make();
    expect(patience.lasts('a', 1_000)).toBe(true);
    move(29_500);
    expect(patience.lasts('a', 400)).toBe(true);
    expect(patience.lasts('a', 1_000)).toBe(false);
  });

  it('is another one for each chat', () => {
    const { patience, move } = make();
    patience.lasts('a', 0);
    move(31_000);
    expect([patience.lasts('a', 0), patience.lasts('b', 0)]).toEqual([false, true]);
  });

  it('begins anew when something has gone well', () => {
    const { patience, move } = make();
    patience.lasts('a', 0);
    move(31_000);
    patience.renew('a');
    expect(patience.lasts('a', 0)).toBe(true);
  });
});
