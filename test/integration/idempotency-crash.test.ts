import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { fingerprintOf, requestIdOf } from '../../src/sends/idempotency-key';
import type { NewSend } from '../../src/stores/send-store';
import { beginning, newSend } from '../helpers/new-sends';
import { TestChannel } from '../helpers/test-channel';
import { DATABASES, isMariadb, openTestStore, type TestStore } from '../helpers/test-store';
import { startHost, type Asking, type TestHost } from './idempotency-rig';

const REPLAYED = { 'idempotency-replayed': 'true' };
const NUMBER = '5511988887777';

describe.each(DATABASES)('a request with a key whose process has died, with $kind,', ({ create }) => {
  let store: TestStore;
  let channel: TestChannel;
  let hosts: TestHost[];
  let asking: Asking & { key: string; body: { number: string; text: string } };

  const start = async () => {
    const host = await startHost({ url: store.url, channel });
    hosts.push(host);
    return host;
  };
  /** Moves a time of all rows back by a minute. */
  const age = (table: string, ...columns: string[]) => {
    const minute = isMariadb(store.url) ? '60000' : "interval '1 minute'";
    return store.query(`UPDATE {${table}} SET ${columns.map((name) => `${name} = ${name} - ${minute}`).join()}`);
  };
  /** Kills a host as kill -9 does, and lets the time pass after which it counts as gone. */
  const kill = async (host: TestHost) => {
    hosts = hosts.filter((each) => each !== host);
    await host.crash();
    await store.query(`DELETE FROM {send_worker} WHERE owner = '${host.owner}'`);
    await age('idempotency', 'created_at');
  };
  const idOf = ({ key }: { key: string }) => requestIdOf({ apiKey: 'the key', instance: 'shop', key });
  /** Leaves the request and one send of it as a process does that dies. */
  const leave = async (send?: Partial<NewSend>) => {
    const owner = randomUUID();
    const asked = { method: 'POST', path: '/message/sendText/shop', query: {}, body: asking.body };
    const request = { requestId: idOf(asking), fingerprint: fingerprintOf(asked), run: randomUUID() };
    await store.idempotency.begin(owner, [request]);
    await age('idempotency', 'created_at');
    const left = newSend({ chat: `${NUMBER}@s.whatsapp.net`, requestId: request.requestId, ...send });
    if (send) await store.sends.accept(owner, [left]);
    return { owner, send: left };
  };
  const body = () => Buffer.from(JSON.stringify(asking.body));
  const rows = () => store.query(`SELECT state FROM {idempotency} WHERE request_id = '${idOf(asking)}'`);

  beforeAll(async () => {
    store = await openTestStore(await create());
  });

  beforeEach(() => {
    channel = new TestChannel();
    hosts = [];
    asking = { key: randomUUID(), body: { number: NUMBER, text: 'hello' } };
  });

  afterEach(() => Promise.all(hosts.map((host) => host.stop())));

  afterAll(() => store.close());

  it('runs anew where nothing was sent, once for all that ask again', async () => {
    await leave();
    const [one, other] = [await start(), await start()];
    const answers = await Promise.all([one.ask(asking), other.ask(asking), one.ask(asking), other.ask(asking)]);
    expect(answers.map(({ status, text }) => [status, text])).toEqual(answers.map(() => [201, answers[0]?.text]));
    expect(answers.filter(({ headers }) => headers['idempotency-replayed'])).toHaveLength(3);
    expect(channel.arrived).toHaveLength(1);
  });

  it('gets the answer of its send, which the next process has made', async () => {
    await leave({ messageId: 'reserved', body: body() });
    const host = await start();
    const answer = await host.ask(asking);
    expect(answer).toMatchObject({ status: 201, headers: REPLAYED, text: '{"key":{"id":"reserved"},"text":"hello"}' });
    expect(channel.arrived).toHaveLength(1);
    expect(await host.ask(asking)).toMatchObject({ status: 201, text: answer.text, headers: REPLAYED });
  });

  it('waits while its send is being made again', async () => {
    const asked = new Promise<() => void>((resolve) => {
      channel.behave = () => new Promise((open) => resolve(() => open(undefined)));
    });
    await leave({ messageId: 'reserved', body: body() });
    const host = await start();
    const open = await asked;
    const waiting = host.ask(asking);
    await host.untilLooks(2);
    open();
    expect(await waiting).toMatchObject({ status: 201, body: { key: { id: 'reserved' } }, headers: REPLAYED });
    expect(channel.arrived).toHaveLength(1);
  });

  it('gets the error that its send came to in the end', async () => {
    channel.behave = () => ({ kind: 'refused', detail: 'refused with 131026' });
    await leave({ messageId: 'reserved', body: body() });
    const host = await start();
    expect(await host.ask(asking)).toMatchObject({
      status: 400,
      body: { status: 400, error: 'Bad Request', response: { message: ['refused with 131026'] } },
    });
  });

  it('is told for good that nobody knows, where the send may have gone out', async () => {
    const { owner, send } = await leave({ body: body() });
    await store.sends.begin(owner, [beginning(send)]);
    const host = await start();
    const answer = await host.ask(asking);
    expect(answer).toMatchObject({ status: 409, body: { status: 409, error: 'Conflict' }, headers: REPLAYED });
    expect(answer.text).toContain('GUARD_SENDS_UNKNOWN');
    await store.sends.acknowledge([{ instance: 'shop', messageId: 'x', sendId: send.sendId, state: 'read', at: 1 }]);
    expect(await host.ask(asking)).toMatchObject({ status: 409, text: answer.text });
    expect(channel.asked).toHaveLength(0);
  });

  it('runs anew where its send was too large to be kept', async () => {
    await leave({});
    const host = await start();
    expect(await host.ask(asking)).toMatchObject({ status: 201 });
    expect(channel.arrived).toHaveLength(1);
    expect(host.log.lines).toContainEqual(expect.objectContaining({ fields: { code: 'GUARD_SENDS_NOT_KEPT' } }));
  });

  it.each([
    ['sent', { status: 201, body: { key: { fromMe: true, id: 'reserved' }, status: 'PENDING' } }],
    ['failed', { status: 400, body: { error: 'Bad Request', response: { message: ['no such number'] } } }],
    ['unknown', { status: 409, body: { error: 'Conflict' } }],
    ['cancelled', { status: 409, body: { error: 'Conflict' } }],
  ] as const)('gets what the journal knows of a send that was %s before its answer was kept', async (state, answer) => {
    const { owner, send } = await leave({ messageId: 'reserved', body: body() });
    await store.sends.begin(owner, [beginning(send)]);
    await store.sends.finish(owner, [
      { sendId: send.sendId, state, ...(state === 'failed' && { error: 'no such number' }) },
    ]);
    await age('send', 'sending_at', 'sent_at', 'ended_at');
    const host = await start();
    expect(await host.ask(asking)).toMatchObject({ ...answer, headers: REPLAYED });
    expect(await rows()).toEqual([{ state: 'done' }]);
    expect(channel.asked).toHaveLength(0);
  });

  it.each(['typing', 'behave'] as const)(
    'is not sent again where its process was killed at its channel (%s)',
    async (place) => {
      const first = await start();
      const reached = new Promise<void>((resolve) => {
        const hang = () => new Promise<undefined>(() => resolve());
        channel[place] = ({ by }) => (by === first.owner ? hang() : undefined);
      });
      const cut = first.ask(asking).catch(() => undefined);
      await reached;
      await kill(first);
      await cut;
      const next = await start();
      const answer = await next.ask(asking);
      expect(answer).toMatchObject({ status: 409, body: { error: 'Conflict' } });
      expect(await next.ask(asking)).toMatchObject({ status: 409, text: answer.text, headers: REPLAYED });
      expect(channel.arrived).toHaveLength(0);
    },
  );

  it('gets the answer of the next start where it was refused as the host was being stopped', async () => {
    let open: () => void = () => undefined;
    channel.behave = ({ text }) =>
      text === 'first' ? new Promise((resolve) => (open = () => resolve(undefined))) : undefined;
    const host = await start();
    const first = host.ask({ ...asking, key: randomUUID(), body: { ...asking.body, text: 'first' } });
    await host.untilLooks(1);
    const refused = host.ask(asking);
    await host.untilLooks(2);
    hosts = [];
    const stopped = host.stop();
    const other = () => host.ask({ key: randomUUID(), body: { number: '551133334444', text: 'other' } });
    for (let status = 0; status !== 503;) ({ status } = await other());
    open();
    expect((await first).status).toBe(201);
    expect(await refused).toMatchObject({ status: 503, body: { error: 'Service Unavailable' } });
    expect((await refused).text).toContain('GUARD_SENDS_STOPPING');
    await stopped;
    const next = await start();
    expect(await next.ask(asking)).toMatchObject({ status: 201, body: { text: 'hello' }, headers: REPLAYED });
    expect(channel.textsOf(NUMBER)).toEqual(['first', 'hello']);
  });

  it('is left alone while its process is there, or may be about to say so', async () => {
    const { owner } = await leave();
    await store.sends.enlist(owner, 'alive', 60_000);
    const host = await start();
    const waiting = host.ask(asking);
    await host.untilLooks(4);
    expect(channel.asked).toHaveLength(0);
    await store.sends.resign(owner);
    expect(await waiting).toMatchObject({ status: 201 });
  });
});
