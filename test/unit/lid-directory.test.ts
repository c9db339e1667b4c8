import { describe, expect, it } from '@jest/globals';
import { LidDirectory } from '../../src/sends/lid-directory';

const LID = '123456789012345@lid';
const NUMBER = '551188887777@s.whatsapp.net';

function make({ known, busy = false }: { known?: string; busy?: boolean } = {}) {
  const asked: string[] = [];
  const lookUp = (instance: string, lid: string) => {
    asked.push(`${instance} ${lid}`);
    return Promise.resolve(known);
  };
  return { asked, lids: new LidDirectory({ lookUp, isBusy: () => busy }) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a LID', () => {
  it('is one chat with its number as soon as that is known, in any spelling', () => {
    const { lids } = make();
    lids.learn('shop', LID, '+55 11 98888-7777');
    expect(lids.chatOf('shop', LID.toUpperCase())).toBe(NUMBER);
  });

  it('is a chat of its own until then, and its number is asked for once', async () => {
    const { lids, asked } = make({ known: '5511988887777:12@s.whatsapp.net' });
    expect([lids.chatOf('shop', LID), lids.chatOf('shop', LID)]).toEqual([LID, LID]);
    expect(asked).toEqual([`shop ${LID}`]);
    await settled();
    expect(lids.chatOf('shop', LID)).toBe(NUMBER);
  });

  it('is asked for again where nobody knew', async () => {
    const { lids, asked } = make();
    lids.chatOf('shop', LID);
    await settled();
    lids.chatOf('shop', LID);
    expect(asked).toHaveLength(2);
  });

  it('keeps its name while something waits under it', () => {
    const { lids } = make({ busy: true });
    lids.learn('shop', LID, NUMBER);
    expect(lids.chatOf('shop', LID)).toBe(LID);
  });

  it('is known for its instance only', () => {
    const { lids } = make();
    lids.learn('shop', LID, NUMBER);
    expect(lids.chatOf('other', LID)).toBe(LID);
  });

  it.each([
    ['a group', '1203630000000000@g.us', NUMBER],
    ['two numbers', NUMBER, NUMBER],
    ['nothing', LID, undefined],
    ['two LIDs', LID, LID],
  ])('is not learned from %s', (_, lid, number) => {
    const { lids } = make();
    lids.learn('shop', lid, number);
    expect(lids.chatOf('shop', LID)).toBe(LID);
  });
});
