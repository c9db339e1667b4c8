import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Acknowledgement, NewSend, SendStore } from '../../src/stores/send-store';
import { beginning, freshly, newSend, sendAll, takeOver } from '../helpers/new-sends';
import { DATABASES, openTestStore, type TestStore } from '../helpers/test-store';

describe.each(DATABASES)('what WhatsApp says of a message, in $kind,', ({ create }) => {
  let store: TestStore;
  let sends: SendStore;
  const owner = randomUUID();
  let number = 0;

  beforeAll(async () => {
    store = await openTestStore(await create());
    ({ sends } = store);
  });

  afterAll(() => store.close());

  const message = () => newSend({ messageId: `M${(number += 1)}`, chat: `${number}@g.us` });
  const sent = async () => {
    const send = message();
    await sends.begin(owner, [freshly(send)]);
    await sends.finish(owner, [{ sendId: send.sendId, state: 'sent' }]);
    return send;
  };
  const word = ({ messageId }: NewSend, state: Acknowledgement['state'], at: number): Acknowledgement => {
    return { instance: 'shop', messageId: messageId ?? '', state, at };
  };
  const recordOf = async ({ sendId }: NewSend) => (await sends.find(sendId))[0];
  const awaited = async () => (await sends.pending(Date.now() + 60_000, 1_000)).oldest.map(({ sendId }) => sendId);

  it('moves it on, and is told once of each change', async () => {
    const send = await sent();
    expect(await awaited()).toContain(send.sendId);
    expect(await sends.acknowledge([word(send, 'server_ack', 2_000)])).toEqual([
      { sendId: send.sendId, state: 'server_ack' },
    ]);
    expect(await awaited()).not.toContain(send.sendId);
    expect(await sends.acknowledge([word(send, 'server_ack', 3_000)])).toEqual([]);
    expect(await sends.acknowledge([word(send, 'delivered', 4_000)])).toMatchObject([{ state: 'delivered' }]);
    expect(await sends.acknowledge([word(send, 'read', 5_000)])).toMatchObject([{ state: 'read' }]);
    expect(await sends.acknowledge([word(send, 'read', 6_000)])).toEqual([]);
    const times = { serverAckAt: 2_000, deliveredAt: 4_000, readAt: 5_000 };
    expect(await recordOf(send)).toMatchObject({ state: 'read', ...times, endedAt: null });
  });

  it('is not awaited where nobody says anything, after a send of the channel EVOLUTION', async () => {
    const send = newSend({ chat: 'evolution@g.us', integration: 'EVOLUTION', body: Buffer.from('secret') });
    await sendAll(sends, [send]);
    expect(await recordOf(send)).toMatchObject({ state: 'sent' });
    expect((await sends.list({ states: ['sent'] }, Number.MAX_SAFE_INTEGER, 1))[0]?.sendId).toBe(send.sendId);
    expect(await awaited()).not.toContain(send.sendId);
    expect(await store.query('SELECT u.seq FROM {unsettled_send} AS u JOIN {send} AS s ON s.seq = u.seq')).toHaveLength(
      0,
    );
  });

  it('never takes it back: what comes late only adds its time', async () => {
    const send = await sent();
    expect(await sends.acknowledge([word(send, 'read', 5_000)])).toMatchObject([{ state: 'read' }]);
    expect(await sends.acknowledge([word(send, 'server_ack', 2_000)])).toMatchObject([{ state: 'read' }]);
    expect(await recordOf(send)).toMatchObject({ state: 'read', serverAckAt: 2_000, deliveredAt: null, readAt: 5_000 });
  });

  it('may come all at once, for several messages', async () => {
    const [one, two] = [await sent(), await sent()];
    const all = [
      word(one, 'read', 5_000),
      word(one, 'server_ack', 3_000),
      word(two, 'server_ack', 2_500),
      word(one, 'server_ack', 2_000),
      word(one, 'delivered', 4_000),
    ];
    expect(new Set(await sends.acknowledge(all))).toEqual(
      new Set([
        { sendId: one.sendId, state: 'read' },
        { sendId: two.sendId, state: 'server_ack' },
      ]),
    );
    expect(await recordOf(one)).toMatchObject({ serverAckAt: 2_000, deliveredAt: 4_000, readAt: 5_000 });
    expect(await recordOf(two)).toMatchObject({ serverAckAt: 2_500, deliveredAt: null });
  });

  it('refuses it as long as it was not delivered, and then stays', async () => {
    const send = await sent();
    await sends.acknowledge([word(send, 'server_ack', 2_000)]);
    expect(await sends.acknowledge([{ ...word(send, 'failed', 3_000), error: '463' }])).toMatchObject([
      { state: 'failed' },
    ]);
    expect(await recordOf(send)).toMatchObject({ state: 'failed', error: '463', endedAt: 3_000, serverAckAt: 2_000 });
    expect(await sends.acknowledge([word(send, 'delivered', 4_000)])).toEqual([]);
    expect(await recordOf(send)).toMatchObject({ state: 'failed', deliveredAt: null });
    const delivered = await sent();
    await sends.acknowledge([word(delivered, 'delivered', 4_000)]);
    expect(await sends.acknowledge([word(delivered, 'failed', 5_000)])).toEqual([]);
    expect(await recordOf(delivered)).toMatchObject({ state: 'delivered', endedAt: null });
  });

  it('tells what became of one that nobody knew about', async () => {
    const ended = async () => {
      const send = message();
      await sends.begin(owner, [freshly(send)]);
      await sends.finish(owner, [{ sendId: send.sendId, state: 'unknown', error: 'timeout' }]);
      return send;
    };
    const [arrived, refused] = [await ended(), await ended()];
    expect(await sends.summary()).toEqual({ accepted: 0, sending: 0, unknown: 2 });
    await sends.acknowledge([word(arrived, 'server_ack', 2_000), word(refused, 'failed', 2_000)]);
    expect(await recordOf(arrived)).toMatchObject({ state: 'server_ack', endedAt: null, sentAt: null });
    expect(await recordOf(refused)).toMatchObject({ state: 'failed', endedAt: 2_000 });
    expect(await sends.summary()).toEqual({ accepted: 0, sending: 0, unknown: 0 });
  });

  it('may come before the channel has answered: then the answer only adds what it knows', async () => {
    const send = newSend({ chat: 'early@g.us' });
    await sends.begin(owner, [freshly(send)]);
    const early = { instance: 'shop', messageId: 'early', sendId: send.sendId, state: 'delivered', at: 2_000 } as const;
    await sends.acknowledge([early]);
    expect(await recordOf(send)).toMatchObject({ state: 'delivered', messageId: 'early', sentAt: null });
    expect(await sends.depths({}, 10)).toEqual([]);
    await sends.finish(owner, [{ sendId: send.sendId, state: 'failed', error: 'too late' }]);
    expect(await recordOf(send)).toMatchObject({ state: 'delivered', error: null, endedAt: null, sentAt: null });
    await sends.finish(owner, [{ sendId: send.sendId, state: 'sent' }]);
    const record = await recordOf(send);
    expect(record).toMatchObject({ state: 'delivered', deliveredAt: 2_000, messageId: 'early' });
    expect(record?.sentAt).not.toBeNull();
    expect(await awaited()).not.toContain(send.sendId);
  });

  it('ends one that waits to be tried again: it went out after all', async () => {
    const send = message();
    await sends.begin(owner, [freshly(send)]);
    await sends.finish(owner, [{ sendId: send.sendId, state: 'accepted' }]);
    await sends.acknowledge([word(send, 'server_ack', 2_000)]);
    expect(await sends.begin(owner, [beginning(send)])).toEqual([{ outcome: 'lost' }]);
  });

  it('leaves what others with the same id have open as it is', async () => {
    const gone = randomUUID();
    const [send, namesake] = ['ours', 'theirs'].map((instance) => {
      return newSend({ instance, messageId: 'twice', body: Buffer.from('secret') });
    });
    await sends.accept(gone, [send ?? newSend(), namesake ?? newSend()]);
    await sends.acknowledge([{ instance: 'ours', messageId: 'twice', state: 'delivered', at: 2_000 }]);
    const adopted = await takeOver(sends, owner, ['ours', 'theirs'], 10);
    expect(adopted.map(({ sendId, body }) => [sendId, body])).toEqual([[namesake?.sendId, namesake?.body]]);
    await sends.finish(owner, [{ sendId: namesake?.sendId ?? '', state: 'cancelled' }]);
  });

  it('is heard by our id, or by its id in its own instance, and concerns no other', async () => {
    const [send, namesake] = [await sent(), newSend({ instance: 'other', messageId: `M${number}` })];
    await sendAll(sends, [namesake]);
    expect(await sends.acknowledge([word({ ...send, messageId: 'nobody' }, 'read', 1)])).toEqual([]);
    expect(await sends.acknowledge([word(send, 'server_ack', 2_000)])).toMatchObject([{ sendId: send.sendId }]);
    expect(await recordOf(namesake)).toMatchObject({ state: 'sent' });
    const ours = { ...word(send, 'delivered', 3_000), instance: 'other', sendId: namesake.sendId };
    expect(await sends.acknowledge([ours])).toMatchObject([{ sendId: namesake.sendId, state: 'delivered' }]);
    expect(await recordOf(send)).toMatchObject({ state: 'server_ack', messageId: send.messageId });
  });
});
