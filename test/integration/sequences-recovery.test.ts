import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { DATABASES, openTestStore, type TestStore } from '../helpers/test-store';
import { CHAT, openHost, Outside, sendText, type TestHost } from './sequences-rig';

const never = () => new Promise<void>(() => undefined);
const turn = () => new Promise(setImmediate);

describe.each(DATABASES)('a sequence whose process is gone, on $kind,', ({ create }) => {
  const outside = new Outside();
  let store: TestStore;
  let first: TestHost;
  let hosts: TestHost[];

  const http = (path: string, rest: object = {}) => ({ http: { url: outside.url(path) }, ...rest });
  const next = async () => {
    const host = await openHost(store, outside);
    hosts.push(host);
    return host;
  };
  /** Resolves when so many messages that have not been sent are in the journal. */
  const open = async (count: number) => {
    for (;;) {
      const { accepted, sending } = await store.sends.summary();
      if (accepted + sending >= count) return;
      await turn();
    }
  };

  beforeAll(async () => {
    store = await openTestStore(await create());
    await outside.open();
  });

  afterAll(async () => {
    await outside.close();
    await store.close();
  });

  beforeEach(async () => {
    outside.forget();
    hosts = [];
    first = await next();
  });

  afterEach(() => Promise.all(hosts.map((host) => host.stop())));

  it('goes on at its step, ahead of what waited behind it, and repeats nothing', async () => {
    outside.answer = ({ path }) => (path === '/crm' && outside.seen.length < 3 ? never().then(() => 200) : 200);
    const id = await first.accept({ steps: [sendText('one'), http('/crm'), sendText('two')] });
    const [behind, later] = [first.send('behind'), first.send('later')];
    await outside.until('http /crm');
    await open(2);
    await first.die();
    const heir = await next();
    const after = heir.send('after');
    expect(await heir.ended(id)).toMatchObject({ state: 'done', owner: heir.owner });
    await after;
    expect(outside.seen).toEqual([
      'text one',
      'http /crm',
      'http /crm',
      'text two',
      'text behind',
      'text later',
      'text after',
    ]);
    const keys = outside.asked.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toEqual([`${id}-1`, `${id}-1`]);
    void Promise.allSettled([behind, later]);
  });

  it('sends a message that was on its way out once more under the ids that it had, and then goes on', async () => {
    first.channel = never;
    const id = await first.accept({ steps: [sendText('one'), http('/crm')] });
    void first.send('behind').catch(() => undefined);
    await open(2);
    while ((await store.sends.summary()).sending === 0) await turn();
    const before = await store.sequences.find(id);
    const [reserved] = await store.sends.find(before?.steps[0]?.sendId ?? '');
    await first.die();
    const heir = await next();
    const ended = await heir.ended(id);
    expect(ended).toMatchObject({ state: 'done', steps: [{ sendId: before?.steps[0]?.sendId, attempts: 1 }, {}] });
    await outside.until('text behind');
    expect(outside.seen).toEqual(['text one', 'http /crm', 'text behind']);
    expect(outside.messageIds[0]).toBe(reserved?.messageId);
  });

  it.each([
    ['has gone out is not sent again', true, ['text one', 'http /crm', 'http /crm']],
    ['never reached the journal is sent', false, ['text one', 'http /crm', 'text one', 'http /crm']],
  ])('whose message %s', async (_, isInJournal, seen) => {
    outside.answer = () => (outside.asked.length < 2 ? never().then(() => 200) : 200);
    const id = await first.accept({ steps: [sendText('one'), http('/crm')] });
    await outside.until('http /crm');
    await first.die();
    const [send, request] = (await store.sequences.find(id))?.steps ?? [];
    // As it stands between the end of the message and the next step.
    const steps = [{ ...send, state: 'running', ...(!isInJournal && { sendId: randomUUID() }) }, request];
    await store.query(`UPDATE {sequence} SET position = 0, steps = '${JSON.stringify(steps)}' WHERE id = '${id}'`);
    expect(await (await next()).ended(id)).toMatchObject({ state: 'done', steps: [{ attempts: 1 }, {}] });
    expect(outside.seen).toEqual(seen);
  });

  it('fails where nobody knows whether a message went out, and runs nothing behind it', async () => {
    first.channel = never;
    const id = await first.accept({ steps: [sendText('fragile'), http('/never')] });
    while ((await store.sends.summary()).sending === 0) await turn();
    await first.die();
    const ended = await (await next()).ended(id);
    expect(ended).toMatchObject({ state: 'failed', code: 'GUARD_SENDS_UNKNOWN', position: 0 });
    expect(outside.seen).toEqual([]);
  });

  it('that waited for its turn keeps its place between what was accepted before and after it', async () => {
    first.channel = never;
    void first.send('one').catch(() => undefined);
    void first.send('two').catch(() => undefined);
    const id = await first.accept({ steps: [http('/three'), sendText('four'), http('/five')] });
    void first.send('six').catch(() => undefined);
    await open(3);
    await first.die();
    const heir = await next();
    await heir.ended(id);
    await outside.until('text six');
    expect(outside.seen).toEqual(['text one', 'text two', 'http /three', 'text four', 'http /five', 'text six']);
  });

  it('that waits in its own process lets older messages of one that is gone go first, also with high priority', async () => {
    first.channel = never;
    void first.send('older').catch(() => undefined);
    while ((await store.sends.summary()).sending === 0) await turn();
    const [{ sendId = '' } = {}] = await store.sends.list({ states: ['sending'] }, Number.MAX_SAFE_INTEGER, 1);
    const lives = await next();
    const blocking = lives.accept({ steps: [{ delayMs: 3_600_000 }] });
    const id = await lives.accept({ steps: [http('/high')], priority: 'high' });
    await first.die();
    while ((await store.sends.find(sendId))[0]?.owner !== lives.owner) await turn();
    await lives.sends.sequences?.cancel(await blocking);
    await lives.ended(id);
    expect(outside.seen).toEqual(['text older', 'http /high']);
  });

  it('comes behind older messages when its instance is connected, and before a request that arrives then', async () => {
    first.channel = never;
    void first.send('older').catch(() => undefined);
    while ((await store.sends.summary()).sending === 0) await turn();
    const id = await first.accept({ steps: [http('/first'), sendText('second')] });
    await first.die();
    const heir = await openHostClosed();
    heir.isOpen = true;
    const door = heir.sends.openTurn('shop', `${CHAT}@s.whatsapp.net`, { isSingle: true });
    await door.run(() => Promise.resolve(outside.see('request')));
    await heir.ended(id);
    expect(outside.seen).toEqual(['text older', 'http /first', 'text second', 'request']);
  });

  it('waits for the connection of its instance, and then comes before what is sent there', async () => {
    const id = await first.accept({ steps: [{ delayMs: 60_000 }, sendText('one')] });
    while ((await store.sequences.find(id))?.steps[0]?.state !== 'running') await turn();
    await first.die();
    const shortened = JSON.stringify([
      { ...(await store.sequences.find(id))?.steps[0], startedAt: 0 },
      { kind: 'send', about: 'sendText', state: 'waiting', attempts: 0 },
    ]);
    await store.query(`UPDATE {sequence} SET steps = '${shortened}' WHERE id = '${id}'`);
    const heir = await openHostClosed();
    expect((await store.sequences.find(id))?.owner).toBe(heir.owner);
    heir.isOpen = true;
    await Promise.all([heir.send('after'), heir.ended(id)]);
    expect(outside.seen).toEqual(['text one', 'text after']);
  });

  it('is run by its heir even where the database gave it, and the answer was lost', async () => {
    const lives = await next();
    const hangs = { delayMs: 3_600_000 };
    const own = await lives.accept({ chat: '5511944444444', steps: [hangs] });
    outside.answer = () => (outside.asked.length < 2 ? never().then(() => 200) : 200);
    const id = await first.accept({ steps: [http('/crm'), sendText('two')] });
    await outside.until('http /crm');
    lives.lost.add('adopt');
    await first.die();
    while ((await store.sequences.find(id))?.owner !== lives.owner) await turn();
    lives.lost.clear();
    expect(await lives.ended(id)).toMatchObject({ state: 'done', owner: lives.owner });
    expect(outside.seen).toEqual(['http /crm', 'http /crm', 'text two']);
    expect(await store.sequences.find(own)).toMatchObject({ state: 'running', steps: [{ attempts: 1 }] });
    await lives.sends.sequences?.cancel(own);
    await lives.ended(own);
  });

  it('is left by a process that had stood still, which runs no further step of it', async () => {
    let release: () => void = () => undefined;
    outside.answer = () => new Promise((resolve) => (release = () => resolve(200)));
    const id = await first.accept({ steps: [http('/slow'), sendText('once')] });
    await outside.until('http /slow');
    const releaseFirst = release;
    await store.sends.resign(first.owner);
    const heir = await next();
    await outside.until('http /slow', 2);
    releaseFirst();
    await first.log.until(() => first.log.lines.some(({ fields }) => fields['reason'] === 'lost'));
    expect(outside.seen).toEqual(['http /slow', 'http /slow']);
    release();
    expect(await heir.ended(id)).toMatchObject({ state: 'done', owner: heir.owner });
    expect(outside.seen).toEqual(['http /slow', 'http /slow', 'text once']);
  });

  it('that was told to end finishes the step under way, and its next process goes on', async () => {
    let release: () => void = () => undefined;
    outside.answer = () => new Promise((resolve) => (release = () => resolve(200)));
    const id = await first.accept({ steps: [http('/slow'), sendText('later')] });
    await outside.until('http /slow');
    const stopped = first.stop();
    release();
    await stopped;
    expect(await store.sequences.find(id)).toMatchObject({ state: 'running' });
    outside.answer = () => 200;
    const heir = await next();
    await heir.ended(id);
    expect(outside.seen.at(-1)).toBe('text later');
  });

  it('that died while it reported its failure reports it again, and does not try its step again', async () => {
    outside.answer = ({ path }) => (path === '/crm' ? 400 : outside.seen.length < 3 ? never().then(() => 200) : 200);
    const id = await first.accept({ steps: [http('/crm')], onError: { url: outside.url('/report') } });
    await outside.until('http /report');
    await first.die();
    const ended = await (await next()).ended(id);
    expect(ended).toMatchObject({ state: 'failed', code: 'GUARD_SEQUENCE_HTTP' });
    expect(outside.seen).toEqual(['http /crm', 'http /report', 'http /report']);
    expect(outside.asked.at(1)?.headers['idempotency-key']).toBe(outside.asked.at(2)?.headers['idempotency-key']);
  });

  /** Its instance is loaded, and not connected. */
  async function openHostClosed(): Promise<TestHost> {
    const host = await openHost(store, outside, {}, false);
    hosts.push(host);
    return host;
  }
});
