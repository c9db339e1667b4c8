import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRouter } from '../../src/console/router';
import type { SendTools } from '../../src/console/sends';
import type { Status } from '../../src/console/status';
import { createMetrics } from '../../src/metrics/metrics';
import type { Database } from '../../src/stores/database';
import { openDatabase } from '../../src/stores/open-database';
import type { NewSend } from '../../src/stores/send-store';
import { beginning, freshly, newSend } from '../helpers/new-sends';
import { recordingLog } from '../helpers/recording-log';
import { DATABASES } from '../helpers/test-store';

const NOW = Date.parse('2100-01-01T00:00:00Z');
const WRITTEN = 'what somebody wrote';
const body = Buffer.from(WRITTEN);

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

describe.each(DATABASES)('the routes of sends, on $kind,', ({ create }) => {
  const owner = randomUUID();
  const log = recordingLog();
  let database: Database;
  let server: Server;
  /** Of a host that guards no sends. */
  let idle: Server;

  async function serve(tools: Partial<SendTools>): Promise<Server> {
    const app = express();
    const journal = { store: database.sends, owner, now: () => NOW, ...tools };
    const outbox = { store: database.deadLetters, maxBytes: 100, openQueue: () => Promise.reject(new Error()), log };
    app.use('/guard', createRouter('the key', {} as Status, createMetrics(), outbox, journal));
    const listening = app.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    return listening;
  }

  async function ask(path: string, { from = server, key = 'the key' } = {}): Promise<Answer> {
    const { port } = from.address() as AddressInfo;
    const sent = request({ port, host: '127.0.0.1', path: `/guard${path}`, headers: { apikey: key }, agent: false });
    sent.end();
    const [response] = (await once(sent, 'response')) as [AsyncIterable<Buffer> & { statusCode: number }];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    const answer = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
    return { status: response.statusCode, body: answer };
  }

  const idsOf = ({ body: { sends } }: Answer) => (sends as NewSend[]).map(({ sendId }) => sendId);

  beforeAll(async () => {
    const owned = { uri: await create(), schema: 'guard', pooled: false, clientName: 'test', connections: 4 };
    database = await openDatabase({ ...owned, log, random: Math.random, metrics: createMetrics() });
    server = await serve({ inMemory: () => Promise.resolve(7) }); // before the tables are there
    idle = await serve({});
  });

  afterAll(async () => {
    for (const each of [server, idle]) await new Promise((resolve) => each.close(resolve));
    await database.stop();
  });

  it.each(['/sends', `/sends/${randomUUID()}`, '/queues'])(
    'answer 503 to %s while the tables are not there',
    async (path) => {
      const answer = await ask(path);
      expect(answer).toMatchObject({ status: 503, body: { status: 503, error: 'Service Unavailable' } });
      expect(JSON.stringify(answer.body)).toContain('GUARD_DATABASE_UNREACHABLE');
    },
  );

  it.each(['/sends', '/sends/3EB0', '/queues'])('ask for the API key at %s', async (path) => {
    await database.start();
    expect(await ask(path, { key: 'wrong' })).toMatchObject({ status: 401 });
  });

  it('list sends page by page, the newest first', async () => {
    const all = [1, 2, 3].map(() => newSend({ instance: 'pages', body }));
    await database.sends.accept(owner, [...all, newSend({ instance: 'another' })]);
    const ids = all.map(({ sendId }) => sendId).reverse();
    const first = await ask('/sends?instance=pages&limit=2');
    expect(idsOf(first)).toEqual(ids.slice(0, 2));
    const second = await ask(`/sends?instance=pages&limit=2&before=${String(first.body.next)}`);
    expect(idsOf(second)).toEqual(ids.slice(2));
    expect(second.body.next).toBeNull();
    expect(first.body.sends).toMatchObject([
      { state: 'accepted', acceptedAt: '1970-01-01T00:00:01.000Z', sentAt: null },
      {},
    ]);
    expect(JSON.stringify(first.body)).not.toContain(WRITTEN);
  });

  it('find a chat in whatever spelling it is asked for, and several states at once', async () => {
    const chat = '551188887777@s.whatsapp.net';
    const [waits, fails, other] = [
      newSend({ chat }),
      newSend({ chat }),
      newSend({ chat: '551188887778@s.whatsapp.net' }),
    ];
    await database.sends.accept(owner, [waits, fails, other]);
    await database.sends.begin(owner, [beginning(fails)]);
    await database.sends.finish(owner, [{ sendId: fails.sendId, state: 'failed', error: 'refused' }]);
    for (const spelling of [chat, '551188887777', '+55 (11) 98888-7777', '5511988887777:3@s.whatsapp.net']) {
      expect(idsOf(await ask(`/sends?chat=${encodeURIComponent(spelling)}`))).toEqual([fails.sendId, waits.sendId]);
    }
    expect(idsOf(await ask(`/sends?chat=${chat}&state=failed`))).toEqual([fails.sendId]);
    expect(idsOf(await ask(`/sends?chat=${chat}&state=accepted,failed`))).toEqual([fails.sendId, waits.sendId]);
  });

  it("tell the whole life of a send, by our id and by WhatsApp's, with the time between its states", async () => {
    const send = newSend({ instance: 'life', chat: 'life@g.us', messageId: '3EB0LIFE', acceptedAt: Date.now(), body });
    await database.sends.begin(owner, [freshly(send)]);
    await database.sends.finish(owner, [{ sendId: send.sendId, state: 'sent' }]);
    const heard = { instance: 'life', messageId: '3EB0LIFE' };
    const at = NOW - 60_000;
    await database.sends.acknowledge([
      { ...heard, state: 'server_ack', at },
      { ...heard, state: 'delivered', at: at + 1_500 },
      { ...heard, state: 'read', at: at + 3_000 },
    ]);
    const answer = await ask(`/sends/${send.sendId}`);
    expect(await ask('/sends/3EB0LIFE')).toEqual(answer);
    expect(answer.body).toMatchObject({
      sends: [
        {
          sendId: send.sendId,
          messageId: '3EB0LIFE',
          state: 'read',
          attempts: 1,
          owner,
          fence: 1,
          readAt: new Date(at + 3_000).toISOString(),
          life: [
            { state: 'accepted', at: new Date(send.acceptedAt).toISOString(), afterMs: 0 },
            { state: 'sending' },
            { state: 'sent' },
            { state: 'server_ack', at: new Date(at).toISOString() },
            { state: 'delivered', afterMs: 1_500 },
            { state: 'read', afterMs: 1_500 },
          ],
          lastStepMs: 57_000,
        },
      ],
    });
    const [{ life }] = answer.body.sends as [{ life: { afterMs: number }[] }];
    expect(life.reduce((sum, { afterMs }) => sum + afterMs, 0)).toBe(at + 3_000 - send.acceptedAt);
  });

  it('end the life of a send that failed with its end and the reason', async () => {
    const send = newSend({ chat: 'failed@g.us' });
    await database.sends.begin(owner, [freshly(send)]);
    await database.sends.finish(owner, [{ sendId: send.sendId, state: 'failed', error: 'refused with 131026' }]);
    expect((await ask(`/sends/${send.sendId}`)).body).toMatchObject({
      sends: [{ state: 'failed', error: 'refused with 131026', life: [{}, {}, { state: 'failed' }] }],
    });
  });

  it('answer 404 to an id that the journal does not hold', async () => {
    for (const id of [randomUUID(), '3EB0NONE', 'wamid.HBgM%2FQ%3D%3D']) {
      const answer = await ask(`/sends/${id}`);
      expect(answer).toMatchObject({ status: 404, body: { status: 404, error: 'Not Found' } });
      expect(JSON.stringify(answer.body)).toContain(`no send ${decodeURIComponent(id)} in the journal`);
    }
  });

  it('tell what waits in each chat, for how long, and whose turn it is', async () => {
    const fields = { instance: 'queues', acceptedAt: NOW - 40_000, body };
    const [first, ...others] = [1, 2, 3].map(() => newSend({ ...fields, chat: 'long@g.us' }));
    const untouched = newSend({ ...fields, chat: 'short@g.us', acceptedAt: NOW - 10_000 });
    await database.sends.enlist(owner, 'host-1 4242', 60_000);
    await database.sends.accept(owner, [...(first ? [first] : []), ...others, untouched]);
    await database.sends.begin(owner, first ? [beginning(first)] : []);
    const { body: answer } = await ask('/queues?instance=queues');
    expect(answer).toMatchObject({ thisProcess: { owner, inMemory: 7 }, unknown: 0 });
    expect(answer.accepted).toBeGreaterThanOrEqual(3);
    expect(answer.sending).toBeGreaterThanOrEqual(1);
    const open = { instance: 'queues', oldestSeconds: 40, oldestAcceptedAt: '2099-12-31T23:59:20.000Z' };
    expect(answer.chats).toEqual([
      { ...open, chat: 'long@g.us', waiting: 2, sending: 1, holder: { process: 'host-1 4242', owner, fence: 1 } },
      {
        ...open,
        chat: 'short@g.us',
        waiting: 1,
        sending: 0,
        oldestSeconds: 10,
        oldestAcceptedAt: '2099-12-31T23:59:50.000Z',
        holder: null,
      },
    ]);
    expect((await ask('/queues?instance=queues&limit=1')).body.chats).toHaveLength(1);
    expect(JSON.stringify(answer)).not.toContain(WRITTEN);
    await database.sends.resign(owner);
    const { body: later } = await ask('/queues?instance=queues');
    expect(later.chats).toMatchObject([{ holder: { process: null, owner } }, { holder: null }]);
  });

  it('tell the queues also where this process guards no sends', async () => {
    expect((await ask('/queues', { from: idle })).body).toMatchObject({ thisProcess: null, chats: expect.any(Array) });
  });

  it.each([
    ['/sends?limit=0', 'limit: must be a whole number from 1 to 500'],
    ['/sends?before=x', 'before: must be a whole number'],
    ['/sends?instanc=x', 'Unrecognized key: "instanc"'],
    ['/sends?instance=', 'instance: must not be empty'],
    ['/sends?instance=a&instance=b', 'instance: must be given once'],
    ['/sends?chat=somebody', 'chat: "somebody" names no chat: give a number with its country code'],
    ['/sends?chat=', 'chat: "" names no chat'],
    ['/sends?state=sent,gone', 'state: "gone" is none of accepted, sending, sent, server_ack'],
    [`/sends/${'x'.repeat(256)}`, 'must be the id of a send, or of its message in WhatsApp'],
    ['/queues?chat=5511900000000', 'Unrecognized key: "chat"'],
    ['/queues?limit=501', 'limit: must be a whole number from 1 to 500'],
  ])('refuse %s in the form of the host', async (path, reason) => {
    const answer = await ask(path);
    expect(answer).toMatchObject({ status: 400, body: { status: 400, error: 'Bad Request' } });
    const { message } = answer.body.response as { message: string[] };
    expect(message).toEqual([expect.stringContaining(reason)]);
  });
});
