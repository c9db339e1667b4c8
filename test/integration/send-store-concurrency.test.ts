import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Beginning, NewSend, SendOutcome, SendStore } from '../../src/stores/send-store';
import { beginning, freshly, newSend, takeOver } from '../helpers/new-sends';
import {
  DATABASES,
  isMariadb,
  openSession,
  openTestEngine,
  openTestStore,
  untilLockWait,
  type TestStore,
} from '../helpers/test-store';

/** Several processes on one journal: engines of their own, as hosts have. */
describe.each(DATABASES)('several processes that send, on one $kind,', ({ create }) => {
  let store: TestStore;
  let all: SendStore[];
  const ends: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    store = await openTestStore(await create());
    const engines = await Promise.all([1, 2, 3].map(() => openTestEngine(store.url)));
    all = engines.map(({ sends }) => sends);
    ends.push(...engines.map(({ close }) => close), store.close);
  });

  afterAll(() => Promise.all(ends.map((end) => end())));

  it('never send in one chat at the same time, however they begin', async () => {
    const chat = 'hammer@g.us';
    const running = { inside: 0, most: 0, begun: 0 };
    const fences: number[] = [];
    /** Sends as a process does: at once, or after it was written down because another goes first. */
    const send = async (sends: SendStore, owner: string, place: Beginning['place']) => {
      const one = newSend({ chat });
      let [answer] = await sends.begin(owner, [freshly(one, place)]);
      if (answer?.outcome === 'begun') return { one, fence: answer.fence };
      if (answer?.outcome === 'lost') return undefined;
      await sends.accept(owner, [one]);
      while (answer?.outcome !== 'begun') [answer] = await sends.begin(owner, [beginning(one)]);
      return { one, fence: answer.fence };
    };
    const hammer = async (sends: SendStore, place: number) => {
      const owner = randomUUID();
      await sends.enlist(owner, 'test', 120_000);
      for (let round = 0; round < 60; round += 1) {
        const sending = await send(sends, owner, (round + place) % 3 > 0 ? 'next' : 'ahead');
        if (!sending) continue;
        running.inside += 1;
        running.begun += 1;
        running.most = Math.max(running.most, running.inside);
        fences.push(sending.fence);
        if (round % 5 === 0) await store.query('SELECT 1');
        running.inside -= 1;
        const state = (['sent', 'failed', 'unknown'] as const)[round % 3] ?? 'sent';
        await sends.finish(owner, [{ sendId: sending.one.sendId, state }]);
      }
    };
    await Promise.all([...all, ...all].map(hammer));
    expect(running.begun).toBeGreaterThan(100);
    expect([running.inside, running.most]).toEqual([0, 1]);
    expect(fences).toEqual([...fences].sort((one, other) => one - other));
    expect(new Set(fences).size).toBeGreaterThan(10);
  }, 120_000);

  it.each(['next', 'ahead', 'between'] as const)(
    'wait for the one that is about to take a chat (%s)',
    async (place) => {
      const chat = `about ${place}@g.us`;
      const [former, taker] = [randomUUID(), randomUUID()];
      for (const owner of [former, taker]) await store.sends.enlist(owner, 'test', 120_000);
      const [done, mine, theirs] = [newSend({ chat }), newSend({ chat }), newSend({ chat })];
      await store.sends.begin(former, [freshly(done)]);
      await store.sends.finish(former, [{ sendId: done.sendId, state: 'failed' }]);
      await store.sends.accept(former, [mine]);
      await store.sends.accept(taker, [theirs]);
      const other = await openSession(store.url);
      await other.query('START TRANSACTION');
      const counted = isMariadb(store.url) ? '' : ', turns = turns + 1';
      await other.query(
        `UPDATE {send_turn} SET owner = '${taker}', fence = fence + 1 ${counted} WHERE chat = '${chat}'`,
      );
      await other.query(`UPDATE {send} SET state = 'sending' WHERE send_id = '${theirs.sendId}'`);
      const begun = store.sends.begin(former, [beginning(mine, place)]);
      await untilLockWait(store);
      await other.query('COMMIT');
      await other.close();
      expect(await begun).toEqual([{ outcome: 'behind' }]);
    },
  );

  it('begin in the same chats in any order at once, and none fails', async () => {
    const chats = Array.from({ length: 12 }, (_, number) => `any${number}@g.us`);
    const begin = async (sends: SendStore, turn: number) => {
      const owner = randomUUID();
      await sends.enlist(owner, 'test', 120_000);
      for (let round = 0; round < 15; round += 1) {
        const order = (turn + round) % 2 === 0 ? chats : [...chats].reverse();
        const batch = order.map((chat, index) => freshly(newSend({ chat }), (turn + index) % 4 > 0 ? 'next' : 'ahead'));
        const answers = await sends.begin(owner, batch);
        expect(answers).toHaveLength(chats.length);
        const begun = batch.filter((_, index) => answers[index]?.outcome === 'begun');
        await sends.finish(owner, begun.map(({ sendId }) => ({ sendId, state: 'failed' }))); // prettier-ignore
      }
    };
    await Promise.all([...all, ...all].map(begin));
    expect(await store.sends.depths({}, 100)).toEqual(
      (await store.sends.depths({}, 100)).filter(({ chat }) => !chat.startsWith('any')),
    );
  });

  it('hear of a message from WhatsApp and from its channel at once, and agree about it', async () => {
    const owner = randomUUID();
    const [answering = store.sends, hearing = store.sends] = all;
    for (let round = 0; round < 20; round += 1) {
      const batch = Array.from({ length: 25 }, (_, index) => {
        return newSend({ chat: `agree${index}@g.us`, messageId: `${round} ${index}`, body: Buffer.from('secret') });
      });
      await answering.begin(owner, batch.map((send) => freshly(send))); // prettier-ignore
      const outcomes: SendOutcome[] = batch.map(({ sendId }) => ({ sendId, state: 'sent' }));
      const words = batch.map(
        ({ messageId = '' }) => ({ instance: 'shop', messageId, state: 'server_ack', at: 1 }) as const,
      );
      await Promise.all([answering.finish(owner, outcomes), hearing.acknowledge([...words].reverse())]);
      const ids = batch.map(({ sendId }) => `'${sendId}'`).join();
      const rows = await store.query<{ state: string; sent: number | null; left_over: number | null }>(
        `SELECT s.state, s.sent_at AS sent, u.seq AS left_over
         FROM {send} AS s LEFT JOIN {unsettled_send} AS u ON u.seq = s.seq WHERE send_id IN (${ids})`,
      );
      expect(rows.map(({ state, sent, left_over }) => [state, sent !== null, left_over])).toEqual(
        batch.map(() => ['server_ack', true, null]),
      );
    }
  });

  it('take over what one has left: each send goes to one of them, also while its answer comes after all', async () => {
    const gone = randomUUID();
    const left: NewSend[] = Array.from({ length: 600 }, (_, index) => newSend({ chat: `left${index}@g.us` }));
    const [first = store.sends] = all;
    await first.accept(gone, left);
    const heirs = await Promise.all(
      [...all, ...all, ...all].map(async (sends) => {
        const owner = randomUUID();
        await sends.enlist(owner, 'test', 120_000);
        await sends.enlist(owner, 'heir', 60_000);
        return { sends, owner };
      }),
    );
    const take = async ({ sends, owner }: (typeof heirs)[number]) => {
      const taken = [];
      for (let round = 0; round < 15; round += 1) taken.push(...(await takeOver(sends, owner, ['shop'], 5)));
      return taken.map(({ sendId }) => sendId);
    };
    const late = first.finish(gone, left.slice(0, 100).reverse().map(({ sendId }) => ({ sendId, state: 'failed' }))); // prettier-ignore
    const taken = (await Promise.all(heirs.map(take))).flat();
    await late;
    const rest = (await Promise.all(heirs.map(({ sends, owner }) => takeOver(sends, owner, ['shop'], 1_000)))).flat();
    const ids = [...taken, ...rest.map(({ sendId }) => sendId)].filter((id) =>
      left.some(({ sendId }) => sendId === id),
    );
    expect(new Set(ids).size).toBe(ids.length);
    const ended = new Set(
      (await first.list({ states: ['failed'] }, Number.MAX_SAFE_INTEGER, 1_000)).map(({ sendId }) => sendId),
    );
    for (const { sendId } of left) expect([ids.includes(sendId), ended.has(sendId)].filter(Boolean)).toHaveLength(1);
  });
});
