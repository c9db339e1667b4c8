import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DATABASES, openTestStore, type TestStore } from '../helpers/test-store';
import { CHAT, openHost, Outside, sendText, type TestHost } from './sequences-rig';

describe.each(DATABASES)('a sequence, on $kind,', ({ create }) => {
  const outside = new Outside();
  let store: TestStore;
  let host: TestHost;

  const http = (path: string, rest: object = {}) => ({ http: { url: outside.url(path), ...rest } });
  const ask = (given: object) => host.sends.sequences?.accept({ instance: 'shop', chat: CHAT, ...given });

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
  });

  afterEach(() => host.stop());

  it('runs its steps strictly one after the other: the text is out before the webhook is asked', async () => {
    host.channel = () => new Promise(setImmediate);
    const steps = [sendText('one'), http('/crm', { body: { ok: true } }), { delayMs: 5 }, sendText('two')];
    const ended = await host.ended(await host.accept({ steps }));
    expect(outside.seen).toEqual(['text one', 'http /crm', 'text two']);
    expect(ended).toMatchObject({ state: 'done', position: 4, code: null });
    expect(ended.steps.map(({ kind, state, attempts }) => [kind, state, attempts])).toEqual([
      ['send', 'done', 1],
      ['http', 'done', 1],
      ['delay', 'done', 1],
      ['send', 'done', 1],
    ]);
    const [first] = await store.sends.find(ended.steps[0]?.sendId ?? '');
    expect(first).toMatchObject({ state: 'sent', caller: 'sequence', messageId: ended.steps[0]?.messageId });
    expect(ended.steps[1]).toMatchObject({ about: `POST ${outside.url('')}`, httpStatus: 200 });
  });

  it('tells the receiver of an HTTP step what it is, and under which key it would be repeated', async () => {
    const headers = { 'x-tenant': '7' };
    const id = await host.accept({ steps: [{ delayMs: 0 }, http('/crm?x=1', { method: 'PUT', headers, body: [1] })] });
    await host.ended(id);
    expect(outside.asked).toMatchObject([
      {
        method: 'PUT',
        path: '/crm?x=1',
        text: '[1]',
        headers: {
          'x-tenant': '7',
          'content-type': 'application/json',
          'idempotency-key': `${id}-1`,
          'x-evolution-guard-sequence': id,
        },
      },
    ]);
  });

  it('owns the turn of its chat: what is sent from outside comes before it or after it, never between', async () => {
    let release: () => void = () => undefined;
    outside.answer = () => new Promise((resolve) => (release = () => resolve(200)));
    const before = host.send('before');
    const id = await host.accept({ steps: [sendText('one'), http('/crm'), sendText('two')] });
    const after = host.send('after');
    const elsewhere = host.send('elsewhere', '5511911111111');
    await outside.until('http /crm');
    await elsewhere;
    release();
    await Promise.all([before, after, host.ended(id)]);
    expect(outside.seen.filter((each) => each !== 'text elsewhere')).toEqual([
      'text before',
      'text one',
      'http /crm',
      'text two',
      'text after',
    ]);
  });

  it('of high priority goes before what waits, and two of one chat do not mix', async () => {
    let release: () => void = () => undefined;
    const underWay = new Promise<void>((resolve) => {
      host.channel = (text) => {
        if (text !== 'first') return undefined;
        resolve();
        return new Promise((done) => (release = done));
      };
    });
    const first = host.send('first');
    const normal = await host.accept({ steps: [sendText('n1'), sendText('n2')] });
    const high = await host.accept({ steps: [sendText('h1'), http('/h'), sendText('h2')], priority: 'high' });
    await underWay;
    release();
    await Promise.all([first, host.ended(normal), host.ended(high)]);
    expect(outside.seen).toEqual(['text first', 'text h1', 'http /h', 'text h2', 'text n1', 'text n2']);
  });

  it('waits for what WhatsApp says of the message before it', async () => {
    const steps = [sendText('one'), { waitFor: 'delivered', timeoutMs: 60_000 }, http('/delivered')];
    const id = await host.accept({ steps });
    await outside.until('text one');
    const messageId = async () => (await store.sequences.find(id))?.steps[0]?.messageId;
    while ((await messageId()) === undefined) await new Promise(setImmediate);
    const say = async (state: 'server_ack' | 'read') =>
      host.sends.acknowledge([{ instance: 'shop', messageId: (await messageId()) ?? '', state, at: Date.now() }]);
    await say('server_ack');
    await say('read');
    await host.ended(id);
    expect(outside.seen).toEqual(['text one', 'http /delivered']);
  });

  it('fails where WhatsApp refuses the message that it waits for', async () => {
    const id = await host.accept({ steps: [sendText('one'), { waitFor: 'read' }, http('/never')] });
    const step = async () => (await store.sequences.find(id))?.steps[0];
    while ((await step())?.messageId === undefined) await new Promise(setImmediate);
    const messageId = (await step())?.messageId ?? '';
    host.sends.acknowledge([{ instance: 'shop', messageId, state: 'failed', error: 'with 463', at: Date.now() }]);
    expect(await host.ended(id)).toMatchObject({
      state: 'failed',
      position: 1,
      code: 'GUARD_SEQUENCE_REFUSED',
      detail: expect.stringContaining('463'),
    });
    expect(outside.seen).toEqual(['text one']);
  });

  it('fails when a wait is over its time, or goes on where the step says so', async () => {
    const wait = { waitFor: 'read', timeoutMs: 100 };
    const strict = await host.accept({ steps: [sendText('one'), wait, http('/never')] });
    const lenient = { steps: [sendText('two'), { ...wait, onTimeout: 'continue' }, http('/after')] };
    expect(await host.ended(strict)).toMatchObject({ state: 'failed', code: 'GUARD_SEQUENCE_TIMEOUT' });
    expect(await host.ended(await host.accept(lenient))).toMatchObject({ state: 'done' });
    expect(outside.seen).toEqual(['text one', 'text two', 'http /after']);
  });

  it('repeats a request after 5xx, 429 and a lost connection, and not after another refusal', async () => {
    const answers = [500, 429, 'reset', 200] as const;
    let asked = 0;
    outside.answer = ({ path }) => (path === '/again' ? (answers[asked++] ?? 200) : 404);
    const retry = { attempts: 4, backoffMs: 1 };
    const done = await host.ended(await host.accept({ steps: [{ ...http('/again'), retry }] }));
    expect(done).toMatchObject({ state: 'done', steps: [{ attempts: 4, httpStatus: 200 }] });
    expect(done.steps[0]).not.toHaveProperty('code');
    const refused = await host.ended(await host.accept({ steps: [{ ...http('/refused'), retry }, sendText('never')] }));
    expect(refused).toMatchObject({ state: 'failed', code: 'GUARD_SEQUENCE_HTTP', steps: [{ attempts: 1 }, {}] });
    const keys = outside.asked.filter(({ path }) => path === '/again').map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys).size).toBe(1);
    expect(outside.seen).not.toContain('text never');
  });

  it('follows no redirect', async () => {
    outside.answer = () => 302;
    const ended = await host.ended(await host.accept({ steps: [http('/moved')] }));
    expect(ended).toMatchObject({ state: 'failed', steps: [{ httpStatus: 302, attempts: 1 }] });
    expect(ended.detail).toContain('Redirects are not followed');
    expect(outside.seen).toEqual(['http /moved']);
  });

  it('reports a failure to onError before it counts as failed, however often that takes', async () => {
    const states: (string | undefined)[] = [];
    let id = '';
    outside.answer = async ({ path }) => {
      if (path !== '/report') return 400;
      states.push((await store.sequences.find(id))?.state);
      return states.length < 2 ? 503 : 200;
    };
    id = await host.accept({ steps: [{ delayMs: 20 }, http('/crm')], onError: { url: outside.url('/report') } });
    await host.ended(id);
    expect(states).toEqual(['running', 'running']);
    const report = JSON.parse(outside.asked.at(-1)?.text ?? '') as object;
    expect(report).toEqual({
      sequenceId: id,
      instance: 'shop',
      chat: `${CHAT}@s.whatsapp.net`,
      step: 1,
      code: 'GUARD_SEQUENCE_HTTP',
      detail: `${outside.url('')} answered 400.`,
    });
  });

  it('fails with the words of the host where that refuses a message, and sends again only where the step says so', async () => {
    let refusals = 0;
    host.channel = (text) => {
      if (text !== 'bad') return;
      refusals += 1;
      throw Object.assign(new Error('no such number'), { status: 400 });
    };
    const retried = { ...sendText('bad'), retry: { attempts: 2, backoffMs: 1 } };
    const ended = await host.ended(await host.accept({ steps: [retried, http('/never')] }));
    expect(ended).toMatchObject({ state: 'failed', code: 'GUARD_SEQUENCE_SEND', steps: [{ attempts: 2 }, {}] });
    expect(ended.detail).toContain('no such number');
    expect(refusals).toBe(2);
    await host.ended(await host.accept({ steps: [sendText('bad')] }));
    expect(refusals).toBe(3);
    expect(outside.seen).toEqual([]);
  });

  it('waits for a journal that is away, and sends its message once when that is back', async () => {
    outside.answer = ({ path }) => {
      if (path === '/first') for (const statement of ['begin', 'accept']) host.away.add(statement);
      return 200;
    };
    const id = await host.accept({ steps: [http('/first'), sendText('one'), http('/last')] });
    await host.told.until('one', 2);
    host.away.clear();
    expect(await host.ended(id)).toMatchObject({ state: 'done', steps: [{}, { attempts: 1 }, {}] });
    expect(outside.seen).toEqual(['http /first', 'text one', 'http /last']);
  });

  it('is one with the sequence that has its key, and refuses the key for anything else', async () => {
    const given = { steps: [sendText('one'), http('/crm', { body: { a: 1, b: 2 } })], idempotencyKey: 'order-7' };
    const id = await host.accept(given);
    await host.ended(id);
    const swapped = { idempotencyKey: 'order-7', steps: [sendText('one'), http('/crm', { body: { b: 2, a: 1 } })] };
    expect(await ask(swapped)).toEqual({ id, state: 'done', isNew: false });
    await expect(ask({ ...given, steps: [sendText('two')] })).rejects.toThrow('GUARD_SEQUENCE_KEY');
    expect(outside.seen).toEqual(['text one', 'http /crm']);
    expect(await host.send('after')).toBeDefined();
  });

  it('is refused where too many wait in its chat, and for an instance that is not guarded here', async () => {
    await host.stop();
    host = await openHost(store, outside, { GUARD_SENDS_CHAT_QUEUE_LIMIT: '2' });
    const [first, second] = [await host.accept({ steps: [{ delayMs: 50 }] }), await host.accept({})];
    await expect(host.accept({})).rejects.toThrow('GUARD_SENDS_FULL');
    await expect(host.accept({ instance: 'toString' })).rejects.toThrow('GUARD_SEQUENCE_INSTANCE');
    await Promise.all([host.ended(first), host.ended(second)]);
    expect(outside.seen).toEqual(['text hello']);
  });
});
