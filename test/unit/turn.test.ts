import { beforeEach, describe, expect, it } from '@jest/globals';
import { ChatQueues } from '../../src/sends/chat-queues';
import { Turn } from '../../src/sends/turn';

describe('a turn', () => {
  let queues: ChatQueues;
  let done: string[];

  beforeEach(() => {
    done = [];
    queues = new ChatQueues({ total: 100, perChat: 100 }, () => undefined);
  });

  const open = (isSingle: boolean) => new Turn('a', queues.enter('a'), isSingle ? 'the only send' : undefined);
  const settled = () => new Promise(setImmediate);

  /** A send that ends when it is told to. */
  function send(turn: Turn, name: string) {
    let finish: (error?: Error) => void = () => undefined;
    const made = turn.run(async () => {
      done.push(`${name} begins`);
      await new Promise<void>((resolve, reject) => (finish = (error) => (error ? reject(error) : resolve())));
      done.push(`${name} ends`);
      return name;
    });
    return { made, finish: (error?: Error) => finish(error) };
  }

  it('of a single send lets the next one in as soon as that is made', async () => {
    const [first, second] = [open(true), open(true)];
    const [one, two] = [send(first, 'one'), send(second, 'two')];
    await settled();
    expect(done).toEqual(['one begins']);
    expect([first.isOpen, second.isOpen]).toEqual([false, false]);
    one.finish();
    expect(await one.made).toBe('one');
    await settled();
    expect(done).toEqual(['one begins', 'one ends', 'two begins']);
    two.finish();
    await two.made;
    await first.end();
    expect(queues.size).toBe(0);
  });

  it('of a send that failed goes on to the next one, which hears nothing of it', async () => {
    const [first, second] = [open(true), open(true)];
    const [one, two] = [send(first, 'one'), send(second, 'two')];
    await settled();
    one.finish(new Error('no such number'));
    await expect(one.made).rejects.toThrow('no such number');
    await settled();
    two.finish();
    await expect(two.made).resolves.toBe('two');
  });

  it('of a longer piece of work keeps the chat for all of its sends, one after the other', async () => {
    const [work, other] = [open(false), open(true)];
    const sends = [send(work, 'one'), send(work, 'two')];
    const later = send(other, 'other');
    await settled();
    expect(done).toEqual(['one begins']);
    sends[0]?.finish(new Error('refused'));
    await expect(sends[0]?.made).rejects.toThrow('refused');
    await settled();
    sends[1]?.finish();
    await sends[1]?.made;
    expect(work.isOpen).toBe(true);
    sends.push(send(work, 'three'));
    await settled();
    expect(done).toEqual(['one begins', 'two begins', 'two ends', 'three begins']);
    const ended = work.end();
    expect(work.isOpen).toBe(false);
    await settled();
    expect(done).not.toContain('other begins');
    sends[2]?.finish();
    await ended;
    await settled();
    expect(done.slice(-2)).toEqual(['three ends', 'other begins']);
    later.finish();
    await later.made;
    expect(queues.size).toBe(0);
  });

  it('that ends without a send gives its place back, whether its turn has come or not', async () => {
    const [first, second, third] = [open(true), open(true), open(false)];
    await second.end();
    expect([queues.size, second.isOpen]).toEqual([2, false]);
    await first.end();
    await third.end();
    expect(queues.size).toBe(0);
  });

  it('of a single send whose request ends while it waits or is made stays until it is made', async () => {
    const [first, second] = [open(true), open(true)];
    const [one, two] = [send(first, 'one'), send(second, 'two')];
    await settled();
    await Promise.all([first.end(), second.end()]);
    expect(queues.size).toBe(2);
    one.finish();
    await settled();
    two.finish();
    expect(await Promise.all([one.made, two.made])).toEqual(['one', 'two']);
    expect(queues.size).toBe(0);
  });

  it('is free as long as nobody is before it and nothing of it is under way', async () => {
    const [first, second] = [open(false), open(true)];
    expect([first.isFree, second.isFree]).toEqual([true, false]);
    const one = send(first, 'one');
    expect(first.isFree).toBe(false);
    await settled();
    one.finish();
    await one.made;
    expect(first.isFree).toBe(true);
    await first.end();
    expect(second.isFree).toBe(true);
    await second.end();
  });
});
