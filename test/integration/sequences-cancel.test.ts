import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DATABASES, openTestStore, type TestStore } from '../helpers/test-store';
import { openHost, Outside, sendText, type TestHost } from './sequences-rig';

const turn = () => new Promise(setImmediate);
const LONG = { delayMs: 3_600_000 };

describe.each(DATABASES)('a sequence that somebody cancels, on $kind,', ({ create }) => {
  const outside = new Outside();
  let store: TestStore;
  let host: TestHost;
  let others: TestHost[];

  const http = (path: string) => ({ http: { url: outside.url(path) } });
  const isRunning = async (id: string, index: number) =>
    (await store.sequences.find(id))?.steps[index]?.state === 'running';
  const untilStep = async (id: string, index: number) => {
    while (!(await isRunning(id, index))) await turn();
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
    host = await openHost(store, outside);
    others = [];
  });

  afterEach(async () => {
    for (const each of [host, ...others]) await each.stop();
  });

  it('while it waits for its turn ends at once, and nothing of it is sent', async () => {
    const first = await host.accept({ steps: [sendText('one'), LONG] });
    const second = await host.accept({ steps: [sendText('never')] });
    const after = host.send('after');
    await untilStep(first, 1);
    expect(await host.sends.sequences?.cancel(second)).toMatchObject({ state: 'cancelled', isCancelling: true });
    await host.sends.sequences?.cancel(first);
    await after;
    expect(outside.seen).toEqual(['text one', 'text after']);
    expect(await store.sequences.find(first)).toMatchObject({ state: 'cancelled', position: 1 });
    const { values } = await host.metrics.sequencesEnded.get();
    expect(values).toMatchObject([{ labels: { outcome: 'cancelled' }, value: 2 }]);
  });

  it('while it runs ends after the step under way, which is not cut off', async () => {
    let release: () => void = () => undefined;
    outside.answer = () => new Promise((resolve) => (release = () => resolve(200)));
    const id = await host.accept({ steps: [http('/slow'), sendText('never')] });
    await outside.until('http /slow');
    expect(await host.sends.sequences?.cancel(id)).toMatchObject({ state: 'running', isCancelling: true });
    release();
    const ended = await host.ended(id);
    expect(ended).toMatchObject({ state: 'cancelled', steps: [{ state: 'done' }, { state: 'waiting', attempts: 0 }] });
    expect(outside.seen).toEqual(['http /slow']);
    expect(await host.sends.sequences?.cancel(id)).toMatchObject({ state: 'cancelled' });
  });

  it.each([
    ['a delay', [LONG]],
    ['a wait', [sendText('one'), { waitFor: 'read', timeoutMs: 3_600_000 }]],
    ['the pause before another attempt', [{ http: { url: 'http://127.0.0.1:1/' }, retry: { backoffMs: 3_600_000 } }]],
  ])('by another process ends within moments, also during %s', async (_, steps) => {
    await host.stop();
    host = await openHost(store, outside, { GUARD_SEQUENCE_HTTP_HOSTS: '127.0.0.1:1' });
    const id = await host.accept({ steps });
    await untilStep(id, steps.length - 1);
    await store.sequences.cancel(id);
    expect(await host.ended(id)).toMatchObject({ state: 'cancelled' });
    expect((await host.ended(id)).steps.at(-1)?.state).toBe('cancelled');
  });

  it('when its process is gone ends at once, and what comes behind it is sent', async () => {
    const id = await host.accept({ steps: [sendText('one'), LONG, sendText('never')] });
    void host.send('behind').catch(() => undefined);
    await untilStep(id, 1);
    while ((await store.sends.list({ states: ['accepted', 'sending'] }, Number.MAX_SAFE_INTEGER, 1)).length === 0)
      await turn();
    await host.die();
    expect(await store.sequences.cancel(id)).toMatchObject({ state: 'cancelled' });
    others.push(await openHost(store, outside));
    await outside.until('text behind');
    expect(outside.seen).toEqual(['text one', 'text behind']);
  });

  it('while its instance is not connected ends, and what comes behind it is sent once that is', async () => {
    const id = await host.accept({ steps: [sendText('one'), LONG, sendText('never')] });
    void host.send('behind').catch(() => undefined);
    await untilStep(id, 1);
    while ((await store.sends.list({ states: ['accepted', 'sending'] }, Number.MAX_SAFE_INTEGER, 1)).length === 0)
      await turn();
    await host.die();
    const heir = await openHost(store, outside, {}, false);
    others.push(heir);
    expect(await heir.sends.sequences?.cancel(id)).toMatchObject({ state: 'running' });
    expect(await heir.ended(id)).toMatchObject({ state: 'cancelled' });
    heir.isOpen = true;
    await heir.send('after');
    expect(outside.seen).toEqual(['text one', 'text behind', 'text after']);
  });

  it('has its definition forgotten, as every one that has ended', async () => {
    const [cancelled, done] = [await host.accept({ steps: [LONG] }), await host.accept({ chat: '5511933333333' })];
    await host.ended(done);
    await host.sends.sequences?.cancel(cancelled);
    await host.ended(cancelled);
    const rows = await store.query<{ id: string }>(`SELECT id FROM {sequence} WHERE definition IS NOT NULL`);
    expect(rows).toEqual([]);
  });
});
