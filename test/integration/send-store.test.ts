import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { NewSend, SendStore } from '../../src/stores/send-store';
import { beginning, freshly, newSend } from '../helpers/new-sends';
import { DATABASES, isMariadb, openTestStore, type TestStore } from '../helpers/test-store';

describe.each(DATABASES)('the journal of sends in $kind', ({ create }) => {
  let store: TestStore;
  let sends: SendStore;
  const [owner, other] = [randomUUID(), randomUUID()];

  beforeAll(async () => {
    store = await openTestStore(await create());
    ({ sends } = store);
    for (const each of [owner, other]) await sends.enlist(each, 'test', 60_000);
  });

  afterAll(() => store.close());

  const recordOf = async (sendId: string) => (await sends.find(sendId))[0];
  const bodies = (sendId: string) =>
    store.query<{ body: Buffer }>(
      `SELECT body FROM ${isMariadb(store.url) ? '{send_body}' : '{unsettled_send}'} AS b
       JOIN {send} AS s ON s.seq = b.seq WHERE send_id = '${sendId}' AND body IS NOT NULL`,
    );

  it('writes sends in the order in which they were accepted, and a repeat changes nothing', async () => {
    const all = Array.from({ length: 5 }, () => newSend({ chat: 'order@g.us' }));
    await sends.accept(owner, all.slice(0, 2));
    await sends.begin(owner, all.slice(0, 1).map((send) => beginning(send))); // prettier-ignore
    await sends.accept(owner, all);
    await sends.accept(owner, all);
    const found = (await sends.list({ chat: 'order@g.us' }, Number.MAX_SAFE_INTEGER, 10)).reverse();
    expect(found.map(({ sendId }) => sendId)).toEqual(all.map(({ sendId }) => sendId));
    expect(found.map(({ state }) => state)).toEqual(['sending', 'accepted', 'accepted', 'accepted', 'accepted']);
    expect(await sends.depths({}, 10)).toMatchObject([{ chat: 'order@g.us', waiting: 4, sending: 1 }]);
    await sends.finish(
      owner,
      all.map(({ sendId }) => ({ sendId, state: 'cancelled' })),
    );
    await sends.accept(owner, all);
    expect(await sends.depths({}, 10)).toEqual([]);
  });

  it('begins what was accepted, counts its attempts, and keeps the fence as long as the chat stays in the same hands', async () => {
    const [first, second] = [newSend({ chat: 'begin@g.us' }), newSend({ chat: 'begin@g.us' })];
    await sends.accept(owner, [first, second]);
    expect(await sends.begin(owner, [beginning(first)])).toEqual([{ outcome: 'begun', fence: 1 }]);
    expect(await recordOf(first.sendId)).toMatchObject({
      state: 'sending',
      attempts: 1,
      fence: 1,
      owner,
      sentAt: null,
    });
    await sends.finish(owner, [{ sendId: first.sendId, state: 'accepted', error: '{"status":429}' }]);
    expect(await recordOf(first.sendId)).toMatchObject({ state: 'accepted', endedAt: null, error: '{"status":429}' });
    expect(await sends.begin(owner, [beginning(first)])).toEqual([{ outcome: 'begun', fence: 1 }]);
    await sends.finish(owner, [{ sendId: first.sendId, state: 'sent', messageId: 'W1' }]);
    const sent = await recordOf(first.sendId);
    expect(sent).toMatchObject({ state: 'sent', attempts: 2, messageId: 'W1', error: null, endedAt: null });
    expect(Math.abs((sent?.sentAt ?? 0) - Date.now())).toBeLessThan(60_000);
    expect(await sends.begin(owner, [beginning(second)])).toEqual([{ outcome: 'begun', fence: 1 }]);
    await sends.finish(owner, [{ sendId: second.sendId, state: 'sent' }]);
  });

  it('writes a send that goes at once in one step, and its repeat goes on with the same', async () => {
    const send = newSend({ chat: 'fresh@g.us', messageId: 'F1' });
    expect(await sends.begin(owner, [freshly(send)])).toEqual([{ outcome: 'begun', fence: 1 }]);
    expect(await sends.begin(owner, [freshly(send)])).toEqual([{ outcome: 'begun', fence: 1 }]);
    expect(await sends.find('F1')).toMatchObject([{ sendId: send.sendId, state: 'sending', attempts: 2 }]);
    await sends.finish(owner, [{ sendId: send.sendId, state: 'sent' }]);
    expect(await sends.begin(owner, [freshly(send)])).toEqual([{ outcome: 'lost' }]);
  });

  it('begins several of a chat at once, all under one fence', async () => {
    const [known, fresh, last] = Array.from({ length: 3 }, () => newSend({ chat: 'several@g.us' })) as [
      NewSend,
      NewSend,
      NewSend,
    ];
    await sends.accept(owner, [known]);
    const batch = [
      beginning(known),
      freshly(fresh, 'ahead'),
      freshly(newSend({ chat: 'alone@g.us' })),
      freshly(last, 'ahead'),
    ];
    expect(await sends.begin(owner, batch)).toEqual(batch.map(() => ({ outcome: 'begun', fence: 1 })));
    await sends.finish(owner, batch.map(({ sendId }) => ({ sendId, state: 'sent' }))); // prettier-ignore
  });

  it('begins ahead only what nobody else waits before, and between what it has begun whoever waits', async () => {
    const [first, theirs, near, far] = Array.from({ length: 4 }, () => newSend({ chat: 'ahead@g.us' })) as [
      NewSend,
      NewSend,
      NewSend,
      NewSend,
    ];
    await sends.accept(owner, [first, near]);
    await sends.accept(other, [theirs]);
    await sends.accept(owner, [far]);
    const begun = { outcome: 'begun', fence: 1 };
    expect(
      await sends.begin(owner, [
        beginning(near, 'ahead'),
        beginning(far, 'ahead'),
        freshly(newSend({ chat: 'ahead@g.us' }), 'ahead'),
      ]),
    ).toEqual([begun, { outcome: 'behind' }, { outcome: 'behind' }]);
    expect(await sends.begin(other, [beginning(theirs)])).toEqual([{ outcome: 'behind' }]);
    await sends.finish(owner, [{ sendId: first.sendId, state: 'failed' }]);
    expect(await sends.begin(owner, [beginning(far, 'between')])).toEqual([begun]);
    await sends.finish(owner, [near, far].map(({ sendId }) => ({ sendId, state: 'sent' }))); // prettier-ignore
    expect(await sends.begin(other, [beginning(theirs, 'ahead')])).toEqual([{ outcome: 'begun', fence: 2 }]);
    await sends.finish(other, [{ sendId: theirs.sendId, state: 'sent' }]);
  });

  it('raises the fence whenever a chat changes hands', async () => {
    const turns = [owner, owner, other, other, owner].map((holder) => ({
      holder,
      send: newSend({ chat: 'fence@g.us' }),
    }));
    const fences: unknown[] = [];
    for (const { holder, send } of turns) {
      const [begun] = await sends.begin(holder, [freshly(send)]);
      fences.push(begun?.outcome === 'begun' ? begun.fence : begun);
      await sends.finish(holder, [{ sendId: send.sendId, state: 'sent' }]);
    }
    expect(fences).toEqual([1, 1, 2, 2, 3]);
  });

  it('has lost what is not its own any more: a send of another, one that is not there, one that has ended', async () => {
    const [mine, theirs] = [newSend({ chat: 'lost@g.us' }), newSend({ chat: 'elsewhere@g.us' })];
    await sends.accept(owner, [mine]);
    expect(await sends.begin(owner, [beginning(newSend())])).toEqual([{ outcome: 'lost' }]);
    await sends.accept(other, [theirs]);
    expect(await sends.begin(owner, [beginning(theirs)])).toEqual([{ outcome: 'lost' }]);
    await sends.begin(owner, [beginning(mine)]);
    await sends.finish(owner, [{ sendId: mine.sendId, state: 'failed', error: 'no' }]);
    expect(await sends.begin(owner, [beginning(mine)])).toEqual([{ outcome: 'lost' }]);
    expect(await sends.begin(other, [beginning(theirs)])).toEqual([{ outcome: 'begun', fence: 1 }]);
    await sends.finish(other, [{ sendId: theirs.sendId, state: 'sent' }]);
  });

  it('is behind what another process has accepted before or is sending in the same chat, and then changes nothing', async () => {
    const chat = 'behind@g.us';
    const [first, second, third] = [newSend({ chat }), newSend({ chat }), newSend({ chat })];
    await sends.accept(other, [first]);
    await sends.accept(owner, [second]);
    await sends.accept(other, [third]);
    const fresh = newSend({ chat });
    expect(await sends.begin(owner, [beginning(second)])).toEqual([{ outcome: 'behind' }]);
    expect(await sends.begin(owner, [freshly(fresh)])).toEqual([{ outcome: 'behind' }]);
    expect(await sends.begin(randomUUID(), [freshly(fresh)])).toEqual([{ outcome: 'behind' }]);
    expect(await recordOf(fresh.sendId)).toBeUndefined();
    expect(await recordOf(second.sendId)).toMatchObject({ state: 'accepted', attempts: 0, fence: null });
    expect(await sends.depths({}, 10)).toMatchObject([{ chat, holder: null }]);
    expect(await sends.begin(other, [beginning(first)])).toEqual([{ outcome: 'begun', fence: 1 }]);
    expect(await sends.begin(owner, [beginning(second)])).toEqual([{ outcome: 'behind' }]);
    await sends.finish(other, [{ sendId: first.sendId, state: 'sent' }]);
    expect(await sends.begin(other, [beginning(third)])).toEqual([{ outcome: 'behind' }]);
    expect(await sends.begin(owner, [beginning(second)])).toEqual([{ outcome: 'begun', fence: 2 }]);
    expect(await sends.begin(other, [beginning(third)])).toEqual([{ outcome: 'behind' }]);
    await sends.finish(owner, [{ sendId: second.sendId, state: 'accepted' }]);
    expect(await sends.begin(other, [beginning(third)])).toEqual([{ outcome: 'behind' }]);
    await sends.finish(owner, [{ sendId: second.sendId, state: 'unknown' }]);
    expect(await sends.begin(other, [beginning(third)])).toEqual([{ outcome: 'begun', fence: 3 }]);
    await sends.finish(other, [{ sendId: third.sendId, state: 'sent' }]);
  });

  it('goes before others with whatever it begins, as long as the oldest that waits in the chat is its own', async () => {
    const chat = 'urgent@g.us';
    const [old, theirs, urgent] = [newSend({ chat }), newSend({ chat }), newSend({ chat })];
    await sends.accept(owner, [old]);
    await sends.accept(other, [theirs]);
    expect(await sends.begin(other, [freshly(newSend({ chat }))])).toEqual([{ outcome: 'behind' }]);
    expect(await sends.begin(owner, [freshly(urgent)])).toEqual([{ outcome: 'begun', fence: 1 }]);
    await sends.finish(owner, [{ sendId: urgent.sendId, state: 'sent' }]);
    await store.query(`UPDATE {send} SET state = 'sending' WHERE send_id = '${theirs.sendId}'`);
    expect(await sends.begin(owner, [beginning(old)])).toEqual([{ outcome: 'behind' }]);
    await sends.finish(other, [{ sendId: theirs.sendId, state: 'failed' }]);
    expect(await sends.begin(owner, [beginning(old)])).toEqual([{ outcome: 'begun', fence: 1 }]);
  });

  it('is held up by nothing in other chats, or in the chat of the same name of another instance', async () => {
    const chat = 'apart@g.us';
    const theirs = ['one', 'One', 'one '].map((instance) => newSend({ chat, instance }));
    await sends.begin(other, theirs.map((send) => freshly(send))); // prettier-ignore
    expect(await sends.begin(owner, [freshly(newSend({ chat, instance: 'óne' }))])).toEqual([
      { outcome: 'begun', fence: 1 },
    ]);
    expect(await sends.begin(owner, [freshly(newSend({ chat: 'Apart@g.us', instance: 'one' }))])).toMatchObject([
      { outcome: 'begun' },
    ]);
    expect(await sends.begin(owner, [freshly(newSend({ chat, instance: 'One' }))])).toEqual([{ outcome: 'behind' }]);
  });

  it('answers each beginning of a batch in its place', async () => {
    const chats = ['b1@g.us', 'b2@g.us', 'b3@g.us', 'b4@g.us'];
    await sends.begin(other, [freshly(newSend({ chat: 'b2@g.us' }))]);
    const known = newSend({ chat: 'b4@g.us' });
    await sends.accept(owner, [known]);
    const [one, two, three] = chats.map((chat) => newSend({ chat }));
    const batch = [freshly(one ?? known), freshly(two ?? known), beginning(three ?? known), beginning(known)];
    const answers = [
      { outcome: 'begun', fence: 1 },
      { outcome: 'behind' },
      { outcome: 'lost' },
      { outcome: 'begun', fence: 1 },
    ];
    expect(await sends.begin(owner, batch)).toEqual(answers);
    expect(await sends.begin(owner, [...batch].reverse())).toEqual([...answers].reverse());
  });

  it('ends attempts as they came out, and forgets what was written as soon as it is not needed any more', async () => {
    const states = ['accepted', 'sent', 'failed', 'unknown', 'cancelled'] as const;
    const all = states.map((state) =>
      newSend({ chat: `${state}@g.us`, instance: 'ends', body: Buffer.from('secret') }),
    );
    await sends.begin(owner, all.map((send) => freshly(send))); // prettier-ignore
    expect(await bodies(all[0]?.sendId ?? '')).toHaveLength(1);
    const outcomes = all.map(({ sendId }, index) => ({
      sendId,
      state: states[index] ?? 'sent',
      error: `${states[index]}!`,
    }));
    await sends.finish(owner, outcomes);
    for (const [index, { sendId }] of all.entries()) {
      const record = await recordOf(sendId);
      expect(record).toMatchObject({ state: states[index], error: `${states[index]}!` });
      expect([record?.sentAt !== null, record?.endedAt !== null]).toEqual([index === 1, index > 1]);
      expect(await bodies(sendId)).toHaveLength(index === 0 ? 1 : 0);
    }
    expect(await sends.depths({ instance: 'ends' }, 10)).toMatchObject([
      { chat: 'accepted@g.us', waiting: 1, sending: 0 },
    ]);
    await sends.finish(owner, outcomes.map((outcome) => ({ ...outcome, state: 'cancelled' }))); // prettier-ignore
    expect((await recordOf(all[1]?.sendId ?? ''))?.state).toBe('sent');
    expect((await recordOf(all[0]?.sendId ?? ''))?.state).toBe('cancelled');
  });

  it('takes no end from a process that does not have the send', async () => {
    const send = newSend({ chat: 'foreign@g.us' });
    await sends.begin(owner, [freshly(send)]);
    await sends.finish(other, [{ sendId: send.sendId, state: 'failed' }]);
    expect(await recordOf(send.sendId)).toMatchObject({ state: 'sending', endedAt: null });
  });
});
