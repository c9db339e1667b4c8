import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { DATABASES, openSession, openTestStore, type TestSession } from '../helpers/test-store';
import { TestChannel } from '../helpers/test-channel';
import { refusal, startHost, type Answer, type Asking, type TestHost } from './idempotency-rig';

const REPLAYED = { 'idempotency-replayed': 'true' };
const isReplay = ({ headers }: Answer) => headers['idempotency-replayed'] === 'true';

/** Something to wait for, and what ends it. */
function barrier() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe.each(DATABASES)('requests with an idempotency key, with $kind,', ({ create }) => {
  let url: string;
  let session: TestSession;
  let channel: TestChannel;
  let host: TestHost;
  let others: TestHost[];
  let asking: Asking & { key: string; body: { number: string; text: string } };

  const startAnother = async (environment = {}) => {
    const another = await startHost({ url, channel, environment });
    others.push(another);
    return another;
  };
  const outcomes = async ({ metrics }: TestHost) =>
    Object.fromEntries(
      (await metrics.idempotency.get()).values.map(({ labels, value }) => [labels['outcome'], value]),
    ) as object;

  beforeAll(async () => {
    url = await create();
    await (await openTestStore(url)).close();
    session = await openSession(url);
  });

  beforeEach(async () => {
    channel = new TestChannel();
    host = await startHost({ url, channel });
    others = [];
    asking = { key: randomUUID(), body: { number: '5511988887777', text: 'hello' } };
  });

  afterEach(() => Promise.all([host, ...others].map((each) => each.stop())));

  afterAll(() => session.close());

  it('are sent once, and asked again get the first answer to the byte', async () => {
    await session.query('DELETE FROM {idempotency}');
    const first = await host.ask(asking);
    expect(await session.query('SELECT state, status FROM {idempotency}')).toEqual([{ state: 'done', status: 201 }]);
    const second = await host.ask(asking);
    expect(first).toMatchObject({ status: 201, body: { key: { id: 'wamid.1' } } });
    expect(isReplay(first)).toBe(false);
    expect(second).toMatchObject({ status: 201, text: first.text, headers: REPLAYED });
    expect(second.headers['content-type']).toBe(first.headers['content-type']);
    expect(channel.arrived).toHaveLength(1);
    expect(await outcomes(host)).toEqual({ first: 1, replayed: 1 });
  });

  it('are the same however their JSON is written', async () => {
    await host.ask({ ...asking, body: '{"number":"5511988887777","text":"hello","options":{"a":1,"b":[{}]}}' });
    const again = '{ "options": {"b":[ {} ], "a": 1.0}, "text": "h\\u0065llo",\n"number":"5511988887777" }';
    expect(await host.ask({ ...asking, body: again })).toMatchObject({ status: 201, headers: REPLAYED });
    expect(channel.arrived).toHaveLength(1);
  });

  it('that come while the first is under way wait for its answer, and hold no place in the queue of the chat', async () => {
    const { opened, open } = barrier();
    channel.behave = () => opened.then(() => undefined);
    const all = [host.ask(asking), host.ask(asking), host.ask(asking)];
    await host.untilLooks(3);
    expect(host.places).toBe(1);
    open();
    const answers = await Promise.all(all);
    expect(answers.map(({ status, text }) => ({ status, text }))).toEqual(
      answers.map(() => ({ status: 201, text: answers[0]?.text })),
    );
    expect(answers.filter(isReplay)).toHaveLength(2);
    expect(channel.arrived).toHaveLength(1);
    expect(await outcomes(host)).toEqual({ first: 1, waited: 2 });
  });

  it('are known to the other processes and to the next start', async () => {
    const { opened, open } = barrier();
    channel.behave = () => opened.then(() => undefined);
    const first = host.ask(asking);
    await host.untilLooks(1);
    const other = await startAnother();
    const waiting = other.ask(asking);
    await other.untilLooks(3);
    open();
    const { text } = await first;
    expect(await waiting).toMatchObject({ status: 201, text, headers: REPLAYED });
    await Promise.all([host.stop(), other.stop()]);
    host = await startHost({ url, channel });
    others = [];
    expect(await host.ask(asking)).toMatchObject({ status: 201, text, headers: REPLAYED });
    expect(channel.arrived).toHaveLength(1);
  });

  it('are refused with 422 where body or route are others, also while the first is under way', async () => {
    const { opened, open } = barrier();
    channel.behave = () => opened.then(() => undefined);
    const first = host.ask(asking);
    await host.untilLooks(1);
    const changes = [{ body: { ...asking.body, text: 'bye' } }, { kind: 'sendNothing' }];
    for (const change of changes) {
      const refused = await host.ask({ ...asking, ...change });
      expect(refused).toMatchObject({ status: 422, body: { status: 422, error: 'Unprocessable Entity' } });
      expect(refused.text).toContain('GUARD_IDEMPOTENCY_MISMATCH');
    }
    open();
    await first;
    expect(await host.ask({ ...asking, ...changes[0] })).toMatchObject({ status: 422 });
    expect(channel.arrived).toHaveLength(1);
    expect(await outcomes(host)).toEqual({ first: 1, mismatch: 3 });
  });

  it('with another API key, or for another instance, are others', async () => {
    const first = await host.ask(asking);
    const second = await host.ask({ ...asking, apiKey: 'another key' });
    const third = await host.ask({ ...asking, instance: 'other' });
    expect([first, second, third].map(({ status }) => status)).toEqual([201, 201, 201]);
    expect([second, third].some(isReplay)).toBe(false);
    expect(channel.arrived).toHaveLength(3);
    expect(await host.ask({ ...asking, apiKey: 'wrong' })).toMatchObject({ status: 401 });
    const kept = await session.query<Record<string, unknown>>('SELECT * FROM {idempotency}');
    expect(JSON.stringify(kept)).not.toContain(asking.key);
  });

  it.each([401, 403, 404, 400, 500, 503])(
    'that the host refuses with %i before it sends leave no trace',
    async (status) => {
      await session.query('DELETE FROM {idempotency}');
      host.refuse = () => refusal(status, 'Refused');
      const refused = await Promise.all([host.ask(asking), host.ask(asking)]);
      expect(refused.map((each) => [each.status, isReplay(each)])).toEqual([
        [status, false],
        [status, false],
      ]);
      host.refuse = () => undefined;
      expect(await host.ask({ ...asking, body: { ...asking.body, text: 'bye' } })).toMatchObject({ status: 201 });
      expect(await session.query('SELECT * FROM {idempotency}')).toHaveLength(1);
      expect(channel.arrived).toMatchObject([{ text: 'bye' }]);
    },
  );

  it('for a route that is none get the 404 of the host', async () => {
    for (const change of [{ kind: 'sendAnything' }, { instance: 'shop/more' }]) {
      expect(await host.ask({ ...asking, ...change })).toMatchObject({ status: 404, body: { error: 'Not Found' } });
    }
  });

  it.each(['GUARD_SENDS_CHAT_QUEUE_LIMIT', 'GUARD_SENDS_QUEUE_LIMIT'])(
    'that met the limit %s may come again',
    async (limit) => {
      const { opened, open } = barrier();
      channel.behave = () => opened.then(() => undefined);
      const full = await startAnother({ [limit]: '1' });
      const first = full.ask({ ...asking, key: randomUUID() });
      await full.untilLooks(1);
      const refused = await full.ask(asking);
      expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '5' } });
      open();
      await first;
      expect(await full.ask(asking)).toMatchObject({ status: 201 });
      expect(channel.arrived).toHaveLength(2);
    },
  );

  it('keep the error of a send that came as far as the channel', async () => {
    channel.behave = () => ({ kind: 'refused', detail: 'refused with 131026' });
    const first = await host.ask(asking);
    channel.behave = () => undefined;
    expect(first).toMatchObject({ status: 400, body: { response: { message: ['refused with 131026'] } } });
    expect(await host.ask(asking)).toMatchObject({ status: 400, text: first.text, headers: REPLAYED });
    expect(channel.asked).toHaveLength(1);
  });

  it('keep an answer of success though nothing was sent', async () => {
    const first = await host.ask({ ...asking, kind: 'sendNothing' });
    expect(first).toMatchObject({ status: 201, body: { nothing: true } });
    expect(await host.ask({ ...asking, kind: 'sendNothing' })).toMatchObject({ text: first.text, headers: REPLAYED });
  });

  it('go on without their caller, whose next request gets the answer', async () => {
    const { opened, open } = barrier();
    channel.behave = () => opened.then(() => undefined);
    const cut = new AbortController();
    const first = host.ask({ ...asking, signal: cut.signal });
    await host.untilLooks(1);
    cut.abort();
    await expect(first).rejects.toThrow('aborted');
    const second = host.ask(asking);
    await host.untilLooks(2);
    open();
    expect(await second).toMatchObject({ status: 201, headers: REPLAYED });
    expect(channel.arrived).toHaveLength(1);
  });

  it.each([
    ['is empty', { key: '' }],
    ['is too long', { key: 'k'.repeat(256) }],
    ['is not ASCII', { key: 'ñ' }],
    ['comes with a form', { headers: { 'content-type': 'multipart/form-data; boundary=x' }, body: '--x--' }],
    ['comes with a body as deep as a well', { body: `${'['.repeat(200)}${']'.repeat(200)}` }],
  ])('are refused with 400 where the key %s', async (_, change) => {
    const refused = await host.ask({ ...asking, ...change });
    expect(refused).toMatchObject({ status: 400, body: { status: 400, error: 'Bad Request' } });
    expect(refused.text).toContain('GUARD_IDEMPOTENCY_KEY');
    expect(channel.asked).toHaveLength(0);
  });

  it('may have a key of 255 characters, and any that are printable', async () => {
    const key = Array.from({ length: 255 }, (_, place) => String.fromCharCode(0x21 + (place % 94))).join('');
    expect(await host.ask({ ...asking, key })).toMatchObject({ status: 201 });
    expect(await host.ask({ ...asking, key })).toMatchObject({ status: 201, headers: REPLAYED });
  });

  it('are nothing special without a key, or for an instance whose sends are not guarded', async () => {
    const { key, ...bare } = asking;
    for (const each of [bare, bare, { ...bare, key, instance: 'stock' }, { ...bare, key, instance: 'stock' }]) {
      expect(isReplay(await host.ask(each))).toBe(false);
    }
    expect(channel.arrived).toHaveLength(4);
  });
});
