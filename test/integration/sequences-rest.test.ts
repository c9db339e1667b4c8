import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { refuseLoops } from '../../src/console/refuse-loops';
import { createRouter } from '../../src/console/router';
import type { SequenceTools } from '../../src/console/sequences';
import type { Status } from '../../src/console/status';
import { createMetrics } from '../../src/metrics/metrics';
import { DATABASES, openTestStore, type TestStore } from '../helpers/test-store';
import { recordingLog } from '../helpers/recording-log';
import { CHAT, openHost, Outside, sendText, type TestHost } from './sequences-rig';

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: Record<string, unknown>;
}

describe.each(DATABASES)('the routes of sequences, on $kind,', ({ create }) => {
  const outside = new Outside();
  let store: TestStore;
  let host: TestHost;
  let server: Server;
  /** Of a host that lacks what sequences need. */
  let lacking: Server;

  async function serve(sequences: SequenceTools['sequences']): Promise<Server> {
    const app = express();
    app.use(express.json({ limit: '136mb' }));
    const outbox = { store: store.deadLetters, maxBytes: 100, openQueue: () => Promise.reject(new Error()), log: recordingLog() }; // prettier-ignore
    app.use('/message', refuseLoops);
    app.post('/message/sendText/:instance', (_request, response) => void response.status(201).json({}));
    const tools = { store: store.sequences, sequences };
    app.use('/guard', createRouter('the key', {} as Status, createMetrics(), outbox, undefined, tools));
    const listening = app.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    return listening;
  }

  async function ask(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    { body, headers = {}, from = server }: { body?: unknown; headers?: object; from?: Server } = {},
  ): Promise<Answer> {
    const { port } = from.address() as AddressInfo;
    const sent = { apikey: 'the key', 'content-type': 'application/json', ...headers };
    const asked = request({ port, host: '127.0.0.1', method, path, headers: sent, agent: false });
    asked.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(asked, 'response')) as [
      AsyncIterable<Buffer> & { statusCode: number; headers: Record<string, unknown> },
    ];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    const answer = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
    return { status: response.statusCode, headers: response.headers, body: answer };
  }

  const http = (path: string) => ({ http: { url: outside.url(path) } });
  const sequence = (fields: object = {}) => ({ instance: 'shop', chat: CHAT, steps: [sendText('hi')], ...fields });
  const post = (fields: object = {}) => ask('POST', '/guard/sequences', { body: sequence(fields) });
  const isNothingKept = async () => expect(await store.sequences.list({}, Number.MAX_SAFE_INTEGER, 1)).toEqual([]);

  beforeAll(async () => {
    store = await openTestStore(await create());
    await outside.open();
    host = await openHost(store, outside, { GUARD_SENDS_CHAT_QUEUE_LIMIT: '2' });
    server = await serve(host.sends.sequences ?? { lacks: '' });
    lacking = await serve({ lacks: 'This host lacks sendMessageController.sendText.' });
  });

  beforeEach(() => outside.forget());

  afterAll(async () => {
    for (const each of [server, lacking]) await new Promise((resolve) => each.close(resolve));
    await host.stop();
    await outside.close();
    await store.close();
  });

  it.each([
    [{ steps: Array.from({ length: 10_000 }, () => sendText('hi')) }, 'steps: must have at most 100 steps'],
    [{ steps: [{ http: { url: 'http://host.example:8080/message/sendText/shop' } }] }, 'GUARD_SEQUENCE_LOOP'],
    [{ steps: [{ http: { url: 'http://localhost:8080/' } }] }, 'GUARD_SEQUENCE_LOOP'],
    [{ steps: [{ http: { url: 'http://169.254.169.254/' } }] }, 'GUARD_SEQUENCE_URL'],
    [{ onError: { url: 'https://elsewhere.example/' } }, 'GUARD_SEQUENCE_URL'],
    [{ steps: [sendText('hi'), { send: { route: 'sendText', body: { text: 'x', number: '1' } } }] }, 'steps.1.send'],
  ])('answer 400 to what cannot be run, and keep nothing of it: %#', async (fields, reason) => {
    const answer = await post(fields);
    expect(answer).toMatchObject({ status: 400, body: { status: 400, error: 'Bad Request' } });
    const { message } = answer.body.response as { message: string[] };
    expect(message).toHaveLength(1);
    expect(message[0]).toContain(reason);
    await isNothingKept();
    expect(outside.seen).toEqual([]);
  });

  it('tell of twenty mistakes at most', async () => {
    const { body } = await post({ steps: Array.from({ length: 100 }, () => ({})) });
    expect((body.response as { message: string[] }).message).toHaveLength(20);
  });

  it('refuse what comes from a sequence itself, here and at the routes of the host', async () => {
    const headers = { 'X-Evolution-Guard-Sequence': randomUUID() };
    for (const path of ['/guard/sequences', '/message/sendText/shop']) {
      const answer = await ask('POST', path, { body: sequence(), headers });
      expect(answer.status).toBe(400);
      expect(JSON.stringify(answer.body)).toContain('GUARD_SEQUENCE_LOOP');
    }
    expect(await ask('POST', '/message/sendText/shop', { body: {} })).toMatchObject({ status: 201 });
    await isNothingKept();
  });

  it('ask for the API key', async () => {
    for (const method of ['GET', 'POST'] as const) {
      expect((await ask(method, '/guard/sequences', { headers: { apikey: 'wrong' } })).status).toBe(401);
    }
    expect((await ask('DELETE', `/guard/sequences/${randomUUID()}`, { headers: { apikey: 'wrong' } })).status).toBe(
      401,
    );
  });

  it('answer 503 with the reason where the host lacks what they need, and still show what there is', async () => {
    const answer = await ask('POST', '/guard/sequences', { body: sequence(), from: lacking });
    expect(answer.status).toBe(503);
    expect(JSON.stringify(answer.body)).toMatch(/GUARD_SEQUENCES_OFF.*sendMessageController\.sendText/);
    expect(await ask('GET', '/guard/sequences', { from: lacking })).toMatchObject({ status: 200 });
  });

  it('accept a sequence with 201, and tell how far it is without what was written', async () => {
    const created = await post({ steps: [sendText('a secret'), http('/crm?token=secret')], priority: 'high' });
    expect(created).toMatchObject({ status: 201, body: { state: 'waiting' } });
    const id = String(created.body.id);
    await host.ended(id);
    const { status, body } = await ask('GET', `/guard/sequences/${id}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id, state: 'done', priority: 'high', chat: `${CHAT}@s.whatsapp.net`, position: 2 });
    expect(body).toMatchObject({ steps: [{ kind: 'send', about: 'sendText' }, { httpStatus: 200 }], code: null });
    expect(body.endedAt).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  it('answer 200 to a repeat with the same key, and 422 to something else under it', async () => {
    const first = await post({ idempotencyKey: 'k' });
    const again = await post({ idempotencyKey: 'k' });
    expect([first.status, again.status, again.body.id]).toEqual([201, 200, first.body.id]);
    const other = await post({ idempotencyKey: 'k', chat: '5511922222222' });
    expect(other).toMatchObject({ status: 422, body: { error: 'Unprocessable Entity' } });
    await host.ended(String(first.body.id));
  });

  it('answer 404 for an instance or a sequence that there is not, and 400 for what is no id', async () => {
    expect(await post({ instance: 'nobody' })).toMatchObject({ status: 404 });
    for (const method of ['GET', 'DELETE'] as const) {
      expect(await ask(method, `/guard/sequences/${randomUUID()}`)).toMatchObject({ status: 404 });
      expect(await ask(method, '/guard/sequences/7')).toMatchObject({ status: 400 });
    }
  });

  it('answer 429 with Retry-After where too many wait in a chat, and cancel what waits and what runs', async () => {
    const [running, waiting] = [await post({ steps: [{ delayMs: 60_000 }] }), await post()];
    const full = await post();
    expect([full.status, full.headers['retry-after']]).toEqual([429, '5']);
    const ids = [running, waiting].map(({ body }) => String(body.id));
    while ((await store.sequences.find(ids[0] ?? ''))?.state !== 'running') await new Promise(setImmediate);
    const open = await ask('GET', `/guard/sequences?state=waiting,running&chat=%2B${CHAT}`);
    expect((open.body.sequences as { id: string }[]).map(({ id }) => id)).toEqual([...ids].reverse());
    expect(await ask('DELETE', `/guard/sequences/${ids[1]}`)).toMatchObject({
      status: 200,
      body: { state: 'cancelled' },
    });
    expect(await ask('DELETE', `/guard/sequences/${ids[0]}`)).toMatchObject({
      status: 202,
      body: { isCancelling: true },
    });
    expect(await host.ended(ids[0] ?? '')).toMatchObject({ state: 'cancelled' });
    expect(outside.seen).toEqual([]);
  });

  it('list the newest first, page by page, and refuse filters that they do not know', async () => {
    const all = await ask('GET', '/guard/sequences?limit=500');
    const ids = (all.body.sequences as { id: string }[]).map(({ id }) => id);
    const first = await ask('GET', '/guard/sequences?limit=1');
    const second = await ask('GET', `/guard/sequences?limit=1&before=${String(first.body.next)}`);
    const idOf = ({ body }: Answer) => (body.sequences as { id: string }[])[0]?.id;
    expect([idOf(first), idOf(second)]).toEqual(ids.slice(0, 2));
    expect(await ask('GET', '/guard/sequences?state=asleep')).toMatchObject({ status: 400 });
    expect(await ask('GET', '/guard/sequences?stat=done')).toMatchObject({ status: 400 });
  });
});
