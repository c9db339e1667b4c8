import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sharedRedis } from '../helpers/services';
import { DATABASES, openTestStore, type TestStore } from '../helpers/test-store';
import { CHAT, openHost, Outside, sendText, type TestHost } from './sequences-rig';

describe.each(DATABASES)('a sequence in one of two processes that share an instance, on $kind,', ({ create }) => {
  const outside = new Outside();
  let store: TestStore;
  let hosts: TestHost[];
  let environment: object;

  const http = (path: string) => ({ http: { url: outside.url(path) } });

  beforeAll(async () => {
    store = await openTestStore(await create());
    await outside.open();
    environment = { GUARD_LOCK_REDIS_URIS: await sharedRedis(), GUARD_LOCK_LEASE_MS: '1000' };
  });

  afterAll(async () => {
    await outside.close();
    await store.close();
  });

  beforeEach(async () => {
    outside.forget();
    hosts = [await openHost(store, outside, environment), await openHost(store, outside, environment)];
  });

  afterEach(() => Promise.all(hosts.map((host) => host.stop())));

  it('keeps the chat while a webhook is asked, also before its first message, against those of the other', async () => {
    const [one, other] = hosts;
    let release: () => void = () => undefined;
    outside.answer = () => new Promise((resolve) => (release = () => resolve(200)));
    const id = (await one?.accept({ steps: [http('/first'), http('/last')] })) ?? '';
    await outside.until('http /first');
    const after = other?.send('other');
    while ((await store.sends.summary()).accepted === 0) await new Promise(setImmediate);
    release();
    await outside.until('http /last');
    release();
    await Promise.all([one?.ended(id), after]);
    expect(outside.seen).toEqual(['http /first', 'http /last', 'text other']);
  });

  it('is cancelled by the other', async () => {
    const [one, other] = hosts;
    const id = (await one?.accept({ steps: [{ delayMs: 3_600_000 }], chat: CHAT })) ?? '';
    while ((await store.sequences.find(id))?.state !== 'running') await new Promise(setImmediate);
    expect(await other?.sends.sequences?.cancel(id)).toMatchObject({ state: 'running', isCancelling: true });
    expect(await one?.ended(id)).toMatchObject({ state: 'cancelled' });
  });

  it('whose process is gone is taken over by the one that lives, within seconds', async () => {
    const [one, other] = hosts;
    outside.answer = () => (outside.asked.length < 2 ? new Promise(() => undefined) : 200);
    const id = (await one?.accept({ steps: [http('/crm'), sendText('two')] })) ?? '';
    await outside.until('http /crm');
    await one?.die();
    expect(await other?.ended(id)).toMatchObject({ state: 'done' });
    expect(outside.seen).toEqual(['http /crm', 'http /crm', 'text two']);
  });
});
