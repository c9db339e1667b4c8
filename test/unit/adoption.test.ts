import { beforeEach, describe, expect, it } from '@jest/globals';
import { Adoption } from '../../src/sends/adoption';
import { MemorySends } from '../helpers/memory-sends';
import { newSend } from '../helpers/new-sends';

const lost = () => {
  throw new Error('the connection ended before the answer came');
};

describe('sends of a process that is gone', () => {
  const left = [newSend(), newSend()];
  const ids = left.map(({ sendId }) => sendId);
  let journal: MemorySends;
  let adoption: Adoption;

  const take = async () => (await adoption.adopt('heir', ['shop'], 10)).map(({ sendId }) => sendId);

  beforeEach(() => {
    journal = new MemorySends();
    adoption = new Adoption(journal.store);
    journal.leave('gone', left);
  });

  it.each(['adopt', 'keep'] as const)(
    'are taken over with the next call where the answer of %s was lost',
    async (what) => {
      journal.after = (method) => (method === what ? lost() : undefined);
      await expect(take()).rejects.toThrow('the connection ended');
      journal.after = () => undefined;
      expect(await take()).toEqual(ids);
      expect(journal.sends.map(({ owner }) => owner)).toEqual(['heir', 'heir']);
    },
  );

  it('are left to whoever has taken them between the two steps', async () => {
    journal.before = (method) => {
      if (method === 'keep') Object.assign(journal.find(ids[0]) ?? {}, { owner: 'quicker' });
    };
    expect(await take()).toEqual(ids.slice(1));
  });
});
