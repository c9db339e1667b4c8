import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Lease } from '../../src/sends/chat-leases';
import { HeadStart } from '../../src/sends/head-start';
import { Journal } from '../../src/sends/journal';
import type { NewSend } from '../../src/stores/send-store';
import { MemorySends } from '../helpers/memory-sends';
import { newSend } from '../helpers/new-sends';

const KEY = 'shop a';

describe('sends that wait for their turn', () => {
  let memory: MemorySends;
  let lease: Lease | undefined;
  let headStart: HeadStart;

  const repeatable = () => newSend({ messageId: `M${memory.sends.length}` });
  const acceptAll = async (count: number, make: () => NewSend = repeatable) => {
    const sends: NewSend[] = [];
    for (let number = 0; number < count; number += 1) {
      const send = make();
      sends.push(send);
      await headStart.accept(KEY, send);
    }
    return sends;
  };
  const states = () => memory.sends.map(({ state }) => state);

  beforeEach(() => {
    memory = new MemorySends();
    lease = { isHeld: () => true };
    headStart = new HeadStart({ journal: new Journal(memory.store, 'own'), heldOf: () => lease });
  });

  it('are begun ahead, a few of a chat, in one trip each; the rest is accepted', async () => {
    await acceptAll(10);
    expect(states()).toEqual([...Array<string>(8).fill('sending'), 'accepted', 'accepted']);
    expect(memory.asked.filter((method) => method === 'accept')).toHaveLength(2);
    expect(headStart.has(KEY)).toBe(true);
  });

  it('are begun when one before them has its turn', async () => {
    const sends = await acceptAll(10);
    expect(await headStart.take(KEY, sends[0]?.sendId ?? '')).toBe(lease);
    expect(await headStart.take(KEY, sends[8]?.sendId ?? '')).toBe(lease);
    expect(states().slice(8)).toEqual(['sending', 'accepted']);
  });

  it('are only accepted where a repeat would be seen, or the chat is not ours', async () => {
    await acceptAll(1, () => newSend());
    lease = undefined;
    const [last] = await acceptAll(1);
    expect(states()).toEqual(['accepted', 'accepted']);
    expect(await headStart.take(KEY, last?.sendId ?? '')).toBeUndefined();
  });

  it('are accepted where another process waits in front, or the journal failed', async () => {
    memory.leave('other', [newSend()]);
    const [behind] = await acceptAll(1);
    expect(await headStart.take(KEY, behind?.sendId ?? '')).toBeUndefined();
    memory.before = (method) => {
      if (method === 'begin') throw new Error('the database is away');
    };
    const [failed] = await acceptAll(1);
    expect(await headStart.take(KEY, failed?.sendId ?? '')).toBeUndefined();
    expect(states()).toEqual(['accepted', 'accepted', 'accepted']);
  });

  it('fail where they cannot be written at all', async () => {
    memory.before = () => {
      throw new Error('the database is away');
    };
    await expect(headStart.accept(KEY, repeatable())).rejects.toThrow('the database is away');
  });

  it('are forgotten with their chat', async () => {
    await acceptAll(1);
    headStart.forget(KEY);
    expect(headStart.has(KEY)).toBe(false);
  });
});
