import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { SendFilter, SendStore } from '../../src/stores/send-store';
import { beginning, freshly, newSend, sendAll } from '../helpers/new-sends';
import { DATABASES, openTestStore, type TestStore } from '../helpers/test-store';

const LAST = Number.MAX_SAFE_INTEGER;
const SOON = () => Date.now() + 60_000;

describe.each(DATABASES)('the journal of sends in $kind tells', ({ create }) => {
  let store: TestStore;
  let sends: SendStore;
  const owner = randomUUID();

  beforeAll(async () => {
    store = await openTestStore(await create());
    ({ sends } = store);
  });

  afterAll(() => store.close());

  const sendIds = async (filter: SendFilter, beforeSeq = LAST, limit = 100) =>
    (await sends.list(filter, beforeSeq, limit)).map(({ sendId }) => sendId);

  it('of a send by our id or that of WhatsApp, which may be that of several', async () => {
    const all = Array.from({ length: 22 }, () => newSend({ messageId: 'same', chat: 'find@g.us' }));
    await sends.accept(owner, all);
    const found = await sends.find('same');
    expect(found.map(({ sendId }) => sendId)).toEqual(all.map(({ sendId }) => sendId).reverse().slice(0, 20)); // prettier-ignore
    expect(await sends.find(all[0]?.sendId ?? '')).toEqual([
      {
        ...all[0],
        seq: expect.any(Number),
        state: 'accepted',
        attempts: 0,
        owner,
        fence: null,
        error: null,
        sendingAt: null,
        sentAt: null,
        serverAckAt: null,
        deliveredAt: null,
        readAt: null,
        endedAt: null,
      },
    ]);
    expect(await sends.find(randomUUID())).toEqual([]);
    expect(await sends.find("nobody' OR 1=1")).toEqual([]);
    await sends.finish(owner, all.map(({ sendId }) => ({ sendId, state: 'cancelled' }))); // prettier-ignore
  });

  it('of the newest first, page by page, by instance, chat and state', async () => {
    const places = [
      ['i1', 'x@g.us'],
      ['i1', 'y@g.us'],
      ['i2', 'x@g.us'],
    ] as const;
    const all = [0, 1, 2, 0, 1, 2].map((place) => {
      const [instance, chat] = places[place] ?? places[0];
      return newSend({ instance, chat });
    });
    await sends.accept(owner, all);
    const ids = all.map(({ sendId }) => sendId);
    const pick = (...indexes: number[]) => indexes.map((index) => ids[index]);
    expect(await sendIds({ instance: 'i1' })).toEqual(pick(4, 3, 1, 0));
    expect(await sendIds({ chat: 'x@g.us' })).toEqual(pick(5, 3, 2, 0));
    expect(await sendIds({ instance: 'i2', chat: 'x@g.us' })).toEqual(pick(5, 2));
    const page = await sends.list({ instance: 'i1' }, LAST, 2);
    expect(await sendIds({ instance: 'i1' }, page[1]?.seq, 2)).toEqual(pick(1, 0));
    await sends.begin(owner, [beginning(all[0] ?? newSend()), beginning(all[1] ?? newSend())]);
    await sends.finish(owner, [{ sendId: ids[1] ?? '', state: 'failed' }]);
    expect(await sendIds({ instance: 'i1', states: ['sending'] })).toEqual(pick(0));
    expect(await sendIds({ instance: 'i1', states: ['accepted', 'failed'] })).toEqual(pick(4, 3, 1));
    expect(await sendIds({ chat: 'x@g.us', states: ['accepted', 'sending', 'unknown'] })).toEqual(pick(5, 3, 2, 0));
    expect(await sendIds({ states: [] })).toEqual([]);
    await sends.finish(owner, ids.map((sendId) => ({ sendId, state: 'cancelled' }))); // prettier-ignore
  });

  it('which chats wait longest', async () => {
    const all = [
      newSend({ chat: 'new@g.us', acceptedAt: 9_000 }),
      newSend({ chat: 'old@g.us', acceptedAt: 5_000 }),
      newSend({ chat: 'old@g.us', acceptedAt: 8_000 }),
      newSend({ chat: 'old@g.us', acceptedAt: 8_500 }),
      newSend({ chat: 'old@g.us', instance: 'second', acceptedAt: 7_000 }),
    ];
    await sends.accept(owner, all);
    await sends.begin(owner, [beginning(all[1] ?? newSend())]);
    expect(await sends.depths({}, 2)).toEqual([
      {
        instance: 'shop',
        chat: 'old@g.us',
        waiting: 2,
        sending: 1,
        oldestAcceptedAt: 5_000,
        holder: { owner, about: '', fence: 1 },
      },
      { instance: 'second', chat: 'old@g.us', waiting: 1, sending: 0, oldestAcceptedAt: 7_000, holder: null },
    ]);
    expect((await sends.depths({ instance: 'shop' }, 10)).map(({ chat }) => chat)).toEqual(['old@g.us', 'new@g.us']);
    expect(await sends.summary()).toEqual({ accepted: 4, sending: 1, unknown: 0 });
    await sends.finish(owner, all.map(({ sendId }) => ({ sendId, state: 'unknown' }))); // prettier-ignore
    expect(await sends.summary()).toEqual({ accepted: 0, sending: 0, unknown: 5 });
  });

  it('what WhatsApp is silent about, the oldest first', async () => {
    const all = Array.from({ length: 3 }, (_, chat) => newSend({ chat: `p${chat}@g.us` }));
    await sendAll(sends, all);
    expect(await sends.pending(0, 10)).toEqual({ count: 0, oldest: [] });
    const { count, oldest } = await sends.pending(SOON(), 2);
    expect([count, oldest.map(({ sendId }) => sendId)]).toEqual([3, all.slice(0, 2).map(({ sendId }) => sendId)]);
  });

  it('nothing of what ended before a time, once that was purged, and still all that is open', async () => {
    const [open, read, unknown] = ['p7@g.us', 'p8@g.us', 'p9@g.us'].map((chat) => newSend({ chat, messageId: chat }));
    await sends.accept(owner, [open ?? newSend()]);
    await sends.begin(owner, [freshly(unknown ?? newSend())]);
    await sends.finish(owner, [{ sendId: unknown?.sendId ?? '', state: 'unknown' }]);
    await sendAll(sends, [read ?? newSend()]);
    await sends.acknowledge([{ instance: 'shop', messageId: 'p8@g.us', state: 'read', at: SOON() + 60_000 }]);
    const ids = async () => (await sends.list({}, LAST, 1_000)).map(({ sendId }) => sendId);
    const total = (await ids()).length;
    expect(await sends.purge(2_000, 1_000)).toBe(0);
    expect(await sends.purge(SOON(), 3)).toBe(3);
    while ((await sends.purge(SOON(), 1_000)) > 0);
    expect(await ids()).toEqual([read?.sendId, open?.sendId]);
    expect(total).toBeGreaterThan(5);
    expect(await sends.summary()).toEqual({ accepted: 1, sending: 0, unknown: 0 });
    expect((await sends.pending(SOON(), 10)).count).toBe(0);
    expect(await store.query('SELECT seq FROM {unsettled_send}')).toHaveLength(1);
  });
});
