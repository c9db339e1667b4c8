import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { NewSequence, SequenceStore, StepRecord } from '../../src/stores/sequence-store';
import { DATABASES, openTestStore, type TestStore } from '../helpers/test-store';

const STRANGE = 'é ß 漢字 👩‍👩‍👧 \\ \' " ` % _ \u0001 \r\n\t \u2028 ?, ; -- /* $1 {schema}';
const steps: StepRecord[] = [{ kind: 'send', about: 'sendText', state: 'waiting', attempts: 0 }];

const newSequence = (fields: Partial<NewSequence> = {}): NewSequence => ({
  ...{ id: randomUUID(), instance: 'shop', chat: 'a@g.us', isHigh: false, definition: '{}', steps },
  ...{ definitionHash: 'a'.repeat(64), ...fields },
});

describe.each(DATABASES)('the table of sequences in $kind', ({ create }) => {
  let store: TestStore;
  let sequences: SequenceStore;
  const owner = randomUUID();

  const accepted = async (fields: Partial<NewSequence> = {}, by = owner) => {
    const sequence = newSequence(fields);
    await sequences.accept(by, sequence);
    return sequence.id;
  };

  beforeAll(async () => {
    store = await openTestStore(await create());
    ({ sequences } = store);
    await store.sends.enlist(owner, 'test', 600_000);
  });

  afterAll(() => store.close());

  it('gives back whatever was asked for, a mebibyte of it too, only to who runs it, and forgets it with the end', async () => {
    const definition = JSON.stringify({ text: STRANGE + 'x\u0000'.repeat(80_000) + '漢'.repeat(150_000) });
    const sequence = newSequence({ instance: STRANGE, chat: STRANGE, definition, isHigh: true });
    const kept = await sequences.accept(owner, sequence);
    expect(kept).toMatchObject({ id: sequence.id, instance: STRANGE, chat: STRANGE, isHigh: true, state: 'waiting' });
    expect(kept).toMatchObject({ position: 0, steps, owner, idempotencyKey: null, startedAt: null, endedAt: null });
    expect(await sequences.begin(randomUUID(), sequence.id)).toBeUndefined();
    const begun = await sequences.begin(owner, sequence.id);
    expect(begun).toMatchObject({ state: 'running', definition });
    expect(begun?.startedAt).toBeGreaterThanOrEqual(kept.acceptedAt);
    expect(await sequences.begin(owner, sequence.id)).toEqual(begun);
    const detail = `${STRANGE} detail`;
    const end = { state: 'failed', code: 'GUARD_SEQUENCE_HTTP', detail, position: 0, steps } as const;
    expect(await sequences.end(randomUUID(), sequence.id, end)).toBe(false);
    expect(await sequences.end(owner, sequence.id, end)).toBe(true);
    expect(await sequences.end(owner, sequence.id, end)).toBe(false);
    expect(await sequences.begin(owner, sequence.id)).toBeUndefined();
    expect(await sequences.find(sequence.id)).toMatchObject({ ...end, endedAt: expect.any(Number) });
    const [row] = await store.query<{ definition: unknown }>(
      `SELECT definition FROM {sequence} WHERE id = '${sequence.id}'`,
    );
    expect(row?.definition).toBeNull();
  });

  it('has one sequence for a key of an instance, whoever comes first', async () => {
    const [one, other] = [newSequence({ idempotencyKey: 'K' }), newSequence({ idempotencyKey: 'K' })];
    const both = await Promise.all([sequences.accept(owner, one), sequences.accept(owner, other)]);
    expect(new Set(both.map(({ id }) => id)).size).toBe(1);
    expect(await accepted({ idempotencyKey: 'k' })).not.toBe(both[0]?.id);
    const elsewhere = newSequence({ idempotencyKey: 'K', instance: 'other' });
    expect((await sequences.accept(owner, elsewhere)).id).toBe(elsewhere.id);
  });

  it('takes news only from the process that has a running sequence', async () => {
    const id = await accepted();
    const news = { position: 3, steps: [{ ...steps[0], state: 'running', attempts: 2 } as StepRecord] };
    expect(await sequences.progress(owner, id, news)).toBe('lost');
    await sequences.begin(owner, id);
    expect(await sequences.progress(owner, id, news)).toBe('going');
    expect(await sequences.find(id)).toMatchObject(news);
    expect(await sequences.progress(randomUUID(), id, news)).toBe('lost');
    expect(await sequences.cancel(id)).toMatchObject({ state: 'running', isCancelling: true, endedAt: null });
    expect(await sequences.progress(owner, id, news)).toBe('cancelling');
    expect(await sequences.cancelling(owner)).toEqual([id]);
    expect(await sequences.cancelling(randomUUID())).toEqual([]);
    await sequences.end(owner, id, { state: 'cancelled', ...news });
    expect(await sequences.cancelling(owner)).toEqual([]);
    expect(await sequences.cancel(randomUUID())).toBeUndefined();
  });

  it('gives what processes have left that are gone to who asks first, the oldest first', async () => {
    const [gone, heir, rival] = [randomUUID(), randomUUID(), randomUUID()];
    const ids = [];
    for (let number = 0; number < 4; number += 1) ids.push(await accepted({ instance: 'left' }, gone));
    await sequences.begin(gone, ids[1] ?? '');
    const alive = await accepted({ instance: 'left' });
    expect(await sequences.adopt(heir, ['elsewhere'], 10)).toEqual([]);
    expect(await sequences.adopt(heir, [], 10)).toEqual([]);
    const first = await sequences.adopt(heir, ['elsewhere', 'left'], 2);
    expect(first).toMatchObject([
      { id: ids[0], state: 'waiting', owner: heir },
      { id: ids[1], state: 'running', owner: heir },
    ]);
    const other = randomUUID();
    for (const alive of [heir, rival, other]) await store.sends.enlist(alive, 'alive', 600_000);
    const [two, three] = await Promise.all([
      sequences.adopt(rival, ['left'], 10),
      sequences.adopt(other, ['left'], 10),
    ]);
    expect([...two, ...three].map(({ id }) => id).sort()).toEqual(ids.slice(2).sort());
    expect(await sequences.begin(gone, ids[0] ?? '')).toBeUndefined();
    expect(await sequences.find(alive)).toMatchObject({ owner });
  });

  it('gives a process its own once more that it does not know of, as an answer was lost', async () => {
    const instance = 'unheard';
    const [known, unknown] = [await accepted({ instance }), await accepted({ instance })];
    expect(await sequences.adopt(owner, [instance], 10)).toEqual([]);
    expect(await sequences.adopt(owner, [instance], 10, [known])).toMatchObject([{ id: unknown, owner }]);
    expect(await sequences.adopt(owner, [instance], 10, [])).toHaveLength(2);
  });

  it('cancels what waits or is left behind at once, and nothing that has ended', async () => {
    const waiting = await accepted();
    expect(await sequences.cancel(waiting)).toMatchObject({
      state: 'cancelled',
      endedAt: expect.any(Number),
    });
    expect(await sequences.begin(owner, waiting)).toBeUndefined();
    const gone = randomUUID();
    const left = await accepted({}, gone);
    await sequences.begin(gone, left);
    expect(await sequences.cancel(left)).toMatchObject({ state: 'cancelled' });
    expect(await sequences.progress(gone, left, { position: 1, steps })).toBe('lost');
    const done = await accepted();
    await sequences.begin(owner, done);
    await sequences.end(owner, done, { state: 'done', position: 1, steps });
    expect(await sequences.cancel(done)).toMatchObject({ state: 'done', isCancelling: false });
  });

  it('lists the newest first, page by page and by instance, chat and state', async () => {
    const ids = [];
    for (const chat of ['1@g.us', '2@g.us', '1@g.us']) ids.push(await accepted({ instance: 'list', chat }));
    await sequences.cancel(ids[2] ?? '');
    const idsOf = async (...given: Parameters<SequenceStore['list']>) =>
      (await sequences.list(...given)).map(({ id }) => id);
    const LAST = Number.MAX_SAFE_INTEGER;
    expect(await idsOf({ instance: 'list' }, LAST, 2)).toEqual([ids[2], ids[1]]);
    const { seq = 0 } = (await sequences.find(ids[1] ?? '')) ?? {};
    expect(await idsOf({ instance: 'list' }, seq, 2)).toEqual([ids[0]]);
    expect(await idsOf({ instance: 'list', chat: '1@g.us', states: ['waiting', 'running'] }, LAST, 9)).toEqual([
      ids[0],
    ]);
    expect(await idsOf({ states: [] }, LAST, 9)).toEqual([]);
  });

  it('deletes what ended long ago, so many at a time, and nothing that is open', async () => {
    const ids = [];
    for (let number = 0; number < 3; number += 1) ids.push(await accepted({ instance: 'old' }));
    for (const id of ids.slice(1)) await sequences.cancel(id);
    const { endedAt } = (await sequences.find(ids[1] ?? '')) ?? {};
    while ((await sequences.purge((endedAt ?? 0) - 60_000, 100)) > 0);
    expect(await sequences.find(ids[1] ?? '')).toBeDefined();
    let rounds = 0;
    while ((await sequences.purge(Date.now() + 60_000, 1)) === 1) rounds += 1;
    expect(rounds).toBeGreaterThanOrEqual(2);
    expect(await sequences.list({ instance: 'old' }, Number.MAX_SAFE_INTEGER, 9)).toMatchObject([{ id: ids[0] }]);
  });
});
