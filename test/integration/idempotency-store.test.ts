import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import type { IdempotencyStore, NewRequest } from '../../src/stores/idempotency-store';
import { beginning, newSend } from '../helpers/new-sends';
import { createMariadbDatabase } from '../helpers/services';
import { DATABASES, isMariadb, openTestEngine, openTestStore, type TestStore } from '../helpers/test-store';

const digest = () => randomBytes(32).toString('hex');
const newRequest = (fields: Partial<NewRequest> = {}): NewRequest => {
  return { requestId: digest(), fingerprint: digest(), run: randomUUID(), ...fields };
};
const STRANGE = '{"text":"é 漢字 👩‍👩‍👧 \\\\ \' \\" ` % _ \\u0000 \\ud800 ?, ; -- $1 {schema}"}';

describe.each(DATABASES)('requests with keys in $kind', ({ create }) => {
  let store: TestStore;
  let requests: IdempotencyStore;
  const owner = randomUUID();

  const beginOne = async (request: NewRequest, by = owner) => (await requests.begin(by, [request]))[0];
  const ageAll = () => {
    const hour = isMariadb(store.url) ? '3600000' : "interval '1 hour'";
    return store.query(`UPDATE {idempotency} SET created_at = created_at - ${hour}`);
  };

  beforeAll(async () => {
    store = await openTestStore(await create());
    requests = store.idempotency;
    await store.sends.enlist(owner, 'alive', 600_000);
  });

  afterAll(() => store.close());

  it('are written once, and known to who comes later', async () => {
    const [first, other] = [newRequest(), newRequest()];
    const ours = { run: first.run, fingerprint: first.fingerprint, owner, isOwnerThere: true, answer: undefined };
    expect(await beginOne(first)).toEqual(ours);
    expect(await beginOne(first)).toEqual(ours); // as after an answer that was lost
    const again = newRequest({ requestId: first.requestId });
    const heir = randomUUID();
    expect(await requests.begin(heir, [other, again])).toEqual([
      expect.objectContaining({ run: other.run, owner: heir }),
      ours,
    ]);
    expect(await beginOne(newRequest({ requestId: other.requestId }))).toMatchObject({ isOwnerThere: false });
  });

  it('belong to one of those that begin them at the same time', async () => {
    const engines = await Promise.all([1, 2, 3].map(() => openTestEngine(store.url)));
    const ids = Array.from({ length: 20 }, digest);
    const begun = await Promise.all(
      engines.flatMap(({ idempotency }, place) =>
        Array.from({ length: 5 }, async (_, round) => {
          const mixed = [...ids].sort(() => ((place + round) % 2 === 0 ? 1 : -1));
          const all = mixed.map((requestId) => newRequest({ requestId }));
          const known = await idempotency.begin(randomUUID(), all);
          return all.filter(({ run }, index) => known[index]?.run === run).map(({ requestId }) => requestId);
        }),
      ),
    );
    await Promise.all(engines.map(({ close }) => close()));
    expect(begun.flat().sort()).toEqual([...ids].sort());
  });

  it('keep the first answer, letter by letter, and only from the attempt that they belong to', async () => {
    const [one, other, foreign] = [newRequest(), newRequest(), newRequest()];
    await requests.begin(owner, [one, other, foreign]);
    const { requestId, run } = one;
    await requests.end([
      { requestId, run, status: 201, text: STRANGE },
      { requestId: other.requestId, status: 409, text: '' },
      { requestId: foreign.requestId, run: randomUUID(), status: 201, text: 'not theirs' },
      { requestId: digest(), status: 201, text: 'of nobody' },
    ]);
    await requests.end([{ requestId, status: 500, text: 'late' }]);
    expect(await beginOne(newRequest({ requestId }))).toMatchObject({ run, answer: { status: 201, text: STRANGE } });
    expect(await beginOne(other)).toMatchObject({ answer: { status: 409, text: '' } });
    expect(await beginOne(foreign)).toMatchObject({ answer: undefined });
  });

  it('keep answers of a megabyte, many at a time', async () => {
    const text = `"${'\\u0000'.repeat(170_000)}"`;
    const all = Array.from({ length: 20 }, () => newRequest());
    await requests.begin(owner, all);
    await requests.end(all.map(({ requestId, run }) => ({ requestId, run, status: 201, text })));
    const known = await requests.begin(owner, all);
    expect(known.every((each) => each?.answer?.text === text)).toBe(true);
  });

  it('are forgotten where they came to nothing, and not where the journal has a send of them', async () => {
    const [nothing, sent, done, foreign] = [newRequest(), newRequest(), newRequest(), newRequest()];
    const all = [nothing, sent, done, foreign];
    await requests.begin(owner, all);
    await store.sends.accept(owner, [newSend({ requestId: sent.requestId })]);
    await requests.end([{ ...done, status: 201, text: '{}' }]);
    await requests.forget([nothing, sent, done, { ...foreign, run: randomUUID() }]);
    const runs = all.map(({ run }) => run);
    const known = await requests.begin(
      owner,
      all.map((request) => ({ ...request, run: randomUUID() })),
    );
    expect(known.map((each) => runs.includes(each?.run ?? ''))).toEqual([false, true, true, true]);
  });

  it('are taken over from a process that is gone, by one, and from no other', async () => {
    const [gone, alive] = [randomUUID(), randomUUID()];
    await store.sends.enlist(alive, 'alive', 60_000);
    const [left, sent, theirs, ended] = [newRequest(), newRequest(), newRequest(), newRequest()];
    await requests.begin(gone, [left, sent, ended]);
    await requests.begin(alive, [theirs]);
    await store.sends.accept(gone, [newSend({ requestId: sent.requestId })]);
    await requests.end([{ ...ended, status: 201, text: '{}' }]);
    const heirs = [1, 2, 3].map(() => newRequest({ requestId: left.requestId }));
    const takeOver = (request: NewRequest, from = request) =>
      requests.takeOver(owner, { ...from, run: request === from ? randomUUID() : from.run }, request.run);
    expect(await takeOver(left)).toBe(false); // it is young: its process may be about to say that it is there
    await ageAll();
    const took = await Promise.all(heirs.map((heir) => takeOver(left, heir)));
    expect(took.filter(Boolean)).toHaveLength(1);
    const winner = heirs[took.indexOf(true)] ?? left;
    expect(await beginOne(winner)).toMatchObject({ run: winner.run, owner, isOwnerThere: true });
    expect(await Promise.all([left, winner].map((each) => requests.isRunning(each)))).toEqual([false, true]);
    for (const each of [sent, theirs, ended]) expect(await takeOver(each)).toBe(false);
    expect(await takeOver(winner)).toBe(true); // its own
    expect(await requests.isRunning(ended)).toBe(false);
  });

  it('tell their sends, the first ones first, but for those that we refused ourselves', async () => {
    const requestId = digest();
    const all = [1, 2, 3, 4].map((number) => newSend({ requestId, chat: `${number}@g.us`, messageId: `m${number}` }));
    await store.sends.accept(owner, all);
    for (const send of all) await store.sends.begin(owner, [beginning(send)]);
    const away = 'GUARD_SENDS_LOCKS_DOWN: nothing was sent.';
    await store.sends.finish(owner, [{ sendId: all[3]?.sendId ?? '', state: 'failed', error: away }]);
    const error = 'GUARD_SENDS_NOT_KEPT: it was too large.';
    await store.sends.finish(owner, [{ sendId: all[0]?.sendId ?? '', state: 'failed', error }]);
    await store.sends.finish(owner, [{ sendId: all[1]?.sendId ?? '', state: 'failed', error: 'refused' }]);
    const rest = { sinceMs: expect.any(Number) };
    expect(await requests.sends(requestId)).toEqual([
      { sendId: all[1]?.sendId, state: 'failed', messageId: 'm2', error: 'refused', ...rest },
      { sendId: all[2]?.sendId, state: 'sending', messageId: 'm3', error: null, ...rest },
    ]);
    expect(await requests.sends(digest())).toEqual([]);
  });

  it('go in small batches when their window is over', async () => {
    await store.query('DELETE FROM {idempotency}');
    await requests.begin(
      owner,
      [1, 2, 3, 4, 5].map(() => newRequest()),
    );
    await ageAll();
    const young = newRequest();
    await beginOne(young);
    expect(await requests.purge(3_700_000, 10)).toBe(0);
    expect([await requests.purge(3_500_000, 3), await requests.purge(3_500_000, 3)]).toEqual([3, 2]);
    expect(await requests.purge(3_500_000, 3)).toBe(0);
    expect(await requests.isRunning(young)).toBe(true);
  });
});

it('the tables of idempotency keys may be made a second time in MariaDB, which makes no two statements at once', async () => {
  const store = await openTestStore(await createMariadbDatabase());
  await store.query('DELETE FROM {migration} WHERE version = 3');
  expect(await store.migrate('test')).toEqual(['0003-idempotency.sql']);
  await store.close();
});
