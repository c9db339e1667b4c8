import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import type { AdoptedSend, SendStore } from '../../src/stores/send-store';
import { beginning, freshly, newSend, takeOver } from '../helpers/new-sends';
import { DATABASES, openTestStore, type TestStore } from '../helpers/test-store';

const MEBIBYTE = 1024 * 1024;
const STRANGE = 'é ß 漢字 👩‍👩‍👧 \\ \' " ` % _ \u0001 \r\n\t \u2028 ?, ; -- /* $1 {schema}';

const idsOf = (adopted: readonly AdoptedSend[]) => adopted.map(({ sendId }) => sendId);

describe.each(DATABASES)('sends that a process has left in $kind', ({ create }) => {
  let store: TestStore;
  let sends: SendStore;
  const heir = randomUUID();

  beforeAll(async () => {
    store = await openTestStore(await create());
    ({ sends } = store);
    await sends.enlist(heir, 'heir', 60_000);
  });

  afterAll(() => store.close());

  it('are taken over as they were, the oldest first and each once, from whoever is not on the list', async () => {
    const [gone, alive] = [randomUUID(), randomUUID()];
    await sends.enlist(alive, 'alive', 60_000);
    const all = Array.from({ length: 4 }, (_, number) => newSend({ chat: `${number % 2}@g.us` }));
    await sends.accept(gone, all);
    await sends.accept(alive, [newSend({ chat: 'alive@g.us' })]);
    await sends.begin(gone, [beginning(all[0] ?? newSend())]);
    const first = await takeOver(sends, heir, ['shop'], 3);
    expect(idsOf(first)).toEqual(idsOf(all.slice(0, 3) as AdoptedSend[]));
    expect(first.map(({ state, attempts }) => [state, attempts])).toEqual([
      ['sending', 1],
      ['accepted', 0],
      ['accepted', 0],
    ]);
    expect(await takeOver(sends, randomUUID(), ['elsewhere'], 10)).toEqual([]);
    expect(idsOf(await takeOver(sends, heir, ['elsewhere', 'shop'], 10))).toEqual(idsOf(all.slice(3) as AdoptedSend[]));
    expect(await takeOver(sends, heir, ['shop'], 10)).toEqual([]);
    await sends.resign(alive);
    expect(await takeOver(sends, heir, ['shop'], 10)).toHaveLength(1);
  });

  it('are as good as own ones: begun under a new fence, while their former owner has lost them', async () => {
    const gone = randomUUID();
    const [sending, accepted] = [newSend({ chat: 'taken@g.us' }), newSend({ chat: 'taken@g.us' })];
    await sends.begin(gone, [freshly(sending)]);
    await sends.accept(gone, [accepted]);
    expect(await sends.begin(heir, [freshly(newSend({ chat: 'taken@g.us' }))])).toEqual([{ outcome: 'behind' }]);
    expect(await takeOver(sends, heir, ['shop'], 10)).toHaveLength(2);
    await sends.finish(gone, [{ sendId: sending.sendId, state: 'sent' }]);
    expect(await sends.begin(gone, [beginning(accepted)])).toEqual([{ outcome: 'lost' }]);
    expect(await sends.begin(heir, [beginning(sending)])).toEqual([{ outcome: 'begun', fence: 2 }]);
    expect(await sends.find(sending.sendId)).toMatchObject([{ state: 'sending', attempts: 2, owner: heir, fence: 2 }]);
    await sends.finish(heir, [{ sendId: sending.sendId, state: 'sent' }]);
    expect(await sends.begin(heir, [beginning(accepted)])).toEqual([{ outcome: 'begun', fence: 2 }]);
  });

  it('can be taken anew until the taker has heard of them, and belong to one whoever asks twice', async () => {
    const [gone, slow, quick] = [randomUUID(), randomUUID(), randomUUID()];
    for (const owner of [slow, quick]) await sends.enlist(owner, 'taker', 60_000);
    const all = [newSend({ instance: 'ticket' }), newSend({ instance: 'ticket' })];
    const ids = all.map(({ sendId }) => sendId);
    await sends.accept(gone, all);
    const [unheard, heard] = [randomUUID(), randomUUID()];
    expect(await sends.adopt(slow, unheard, ['ticket'], 10)).toHaveLength(2);
    expect(await sends.adopt(quick, heard, ['ticket'], 10)).toHaveLength(2);
    expect(await sends.keep(slow, unheard, ids)).toEqual([]);
    expect((await sends.keep(quick, heard, ids)).sort()).toEqual([...ids].sort());
    expect((await sends.keep(quick, heard, ids)).sort()).toEqual([...ids].sort());
    expect(await sends.adopt(slow, unheard, ['ticket'], 10)).toEqual([]);
    await sends.finish(quick, ids.map((sendId) => ({ sendId, state: 'sent' }))); // prettier-ignore
  });

  it('stay with a process that has been heard of lately, until its time is over', async () => {
    const owner = randomUUID();
    await sends.enlist(owner, 'slow', 60_000);
    await sends.accept(owner, [newSend({ chat: 'slow@g.us' })]);
    expect(await takeOver(sends, heir, ['shop'], 10)).toEqual([]);
    await sends.enlist(owner, 'slow', -1_000);
    expect(await takeOver(sends, heir, ['shop'], 10)).toHaveLength(1);
  });

  it('say who had them by name, and names are forgotten an hour after the last word', async () => {
    const [owner, longGone] = [randomUUID(), randomUUID()];
    await sends.enlist(owner, 'host-7 pid 4', 60_000);
    const send = newSend({ chat: 'named@g.us' });
    await sends.begin(owner, [freshly(send)]);
    const depth = async () => (await sends.depths({}, 100)).find(({ chat }) => chat === 'named@g.us');
    expect(await depth()).toMatchObject({ holder: { owner, about: 'host-7 pid 4', fence: 1 } });
    await sends.enlist(longGone, 'long gone', -3_700_000);
    await sends.enlist(owner, 'host-7 pid 5', -3_500_000);
    expect(await depth()).toMatchObject({ holder: { about: 'host-7 pid 5' } });
    const names = await store.query<{ about: string }>(
      "SELECT about FROM {send_worker} WHERE about LIKE '%o%g%' OR about LIKE 'host%'",
    );
    expect(names.map(({ about }) => about)).toEqual(['host-7 pid 5']);
    await sends.resign(owner);
    expect(await depth()).toMatchObject({ holder: { owner, about: '' } });
    expect(await takeOver(sends, heir, ['shop'], 10)).toHaveLength(1);
  });

  it('come with every field and every byte of their bodies', async () => {
    const gone = randomUUID();
    const names = { instance: `shop ${STRANGE}`, chat: `chat ${STRANGE}`, integration: `i ${STRANGE}`, kind: STRANGE };
    const ids = { messageId: `m ${STRANGE}`, requestId: `r ${STRANGE}`, acceptedAt: 1_793_268_000_123 };
    const bodies = [Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), Buffer.alloc(0), undefined];
    const all = bodies.map((body) => newSend({ ...names, ...(body && { body, ...ids }) }));
    await sends.accept(gone, all);
    const bare = { seq: expect.any(Number), state: 'accepted', attempts: 0, body: undefined };
    const adopted = await takeOver(sends, heir, [names.instance], 10);
    expect(adopted).toEqual(all.map((send) => ({ ...bare, ...send })));
    const fresh = newSend({ instance: 'fresh', body: bodies[0] as Buffer });
    await sends.begin(gone, [freshly(fresh)]);
    expect((await takeOver(sends, heir, ['fresh'], 10))[0]?.body).toEqual(fresh.body);
  });

  it('may be larger than a packet of the server; then not all come at once', async () => {
    const gone = randomUUID();
    const body = randomBytes(20 * MEBIBYTE + 1);
    const all = Array.from({ length: 5 }, () => newSend({ instance: 'large', body }));
    await sends.accept(gone, all.slice(0, 4));
    const last = newSend({ instance: 'large', chat: 'other@g.us', body });
    await sends.begin(gone, [freshly(last)]);
    const parts = [await takeOver(sends, heir, ['large'], 10), await takeOver(sends, heir, ['large'], 10)];
    expect(Math.min(...parts.map(({ length }) => length))).toBeGreaterThan(0);
    expect(idsOf(parts.flat())).toEqual(idsOf([...all.slice(0, 4), last] as AdoptedSend[]));
    expect(parts.flat().every((send) => send.body?.equals(body))).toBe(true);
  }, 120_000);
});
