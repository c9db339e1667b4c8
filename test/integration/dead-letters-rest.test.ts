import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'amqplib';
import express from 'express';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRouter } from '../../src/console/router';
import type { Status } from '../../src/console/status';
import { systemClock } from '../../src/core/clock';
import { createMetrics } from '../../src/metrics/metrics';
import type { Database } from '../../src/stores/database';
import { openQueueSender } from '../../src/stores/rabbitmq/queue-sender';
import { openDatabase } from '../../src/stores/open-database';
import { appendDelivered, outboxRow, stateOf } from '../helpers/outbox-rows';
import { recordingLog } from '../helpers/recording-log';
import { createVhost } from '../helpers/services';
import { DATABASES, openSession, type TestSession } from '../helpers/test-store';

const deadReason = 'GUARD_EVENT_MALFORMED: target.';

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

describe.each(DATABASES)('the routes of dead letters and replay, on $kind,', ({ kind, create }) => {
  const log = recordingLog();
  const toQueue = `copies ${kind}`;
  let brokerUrl: string;
  let session: TestSession;
  let database: Database;
  let bare: Server;
  let parsing: Server;

  /** An application as the host's; `parses` is whether it reads JSON before the guard, as EvolutionAPI does. */
  async function serve(parses: boolean): Promise<Server> {
    const app = express();
    if (parses) app.use(express.json());
    const status = { now: () => 60_000 } as Status;
    const openQueue = (queue: string) => openQueueSender({ uri: brokerUrl, frameMax: 8192, queue, clock: systemClock });
    const tools = { store: database.deadLetters, maxBytes: 100, openQueue, log };
    app.use('/guard', createRouter('the key', status, createMetrics(), tools));
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }

  async function ask(method: 'GET' | 'POST', path: string, body?: unknown, server = bare, key = 'the key') {
    const { port } = server.address() as AddressInfo;
    const headers = { apikey: key, 'content-type': 'application/json' };
    const sent = request({ port, host: '127.0.0.1', method, path: `/guard${path}`, headers, agent: false });
    sent.end(typeof body === 'string' ? body : JSON.stringify(body));
    const [response] = (await once(sent, 'response')) as [AsyncIterable<Buffer> & { statusCode: number }];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    const answer = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
    return { status: response.statusCode, body: answer } satisfies Answer;
  }

  beforeAll(async () => {
    const uri = await create();
    brokerUrl = await createVhost();
    session = await openSession(uri);
    const owned = { uri, schema: 'guard', pooled: false, clientName: 'test', connections: 4 };
    database = await openDatabase({ ...owned, log, random: Math.random, metrics: createMetrics() });
    bare = await serve(false); // before the schema is there
    parsing = await serve(true);
  });

  afterAll(async () => {
    for (const server of [bare, parsing]) await new Promise((resolve) => server.close(resolve));
    await database.stop();
    await session.close();
  });

  it('answer 503 with the reason while the schema is not there', async () => {
    const answer = await ask('GET', '/dead-letters');
    expect(answer).toMatchObject({ status: 503, body: { status: 503, error: 'Service Unavailable' } });
    expect(JSON.stringify(answer.body)).toContain('GUARD_DATABASE_UNREACHABLE');
    await database.start();
  });

  it('ask for the API key', async () => {
    expect(await ask('POST', '/dead-letters/discard', { eventIds: [randomUUID()] }, bare, 'wrong')).toMatchObject({
      status: 401,
    });
  });

  it('list dead letters page by page, and filter them', async () => {
    const rows = [1, 2, 3].map(() => outboxRow({ instance: 'pages', deadReason }));
    await database.outbox.append([...rows, outboxRow({ deadReason: 'GUARD_OTHER: x', instance: 'pages' })]);
    const path = '/dead-letters?instance=pages&code=GUARD_EVENT_MALFORMED&limit=2';
    const first = await ask('GET', path);
    const second = await ask('GET', `${path}&after=${String(first.body.next)}`);
    expect(first.body.deadLetters).toMatchObject(rows.slice(0, 2).map(({ eventId }) => ({ eventId })));
    expect(second.body).toMatchObject({ deadLetters: [{ eventId: rows[2]?.eventId }], next: null });
    expect(JSON.stringify(first.body)).not.toContain('secret');
  });

  it('show one event, and its payload only to who asks for it', async () => {
    const dead = outboxRow({ deadReason });
    await database.outbox.append([dead]);
    const shown = await ask('GET', `/dead-letters/${dead.eventId}`);
    expect(shown).toMatchObject({ status: 200, body: { events: [{ eventId: dead.eventId, lastError: deadReason }] } });
    expect(JSON.stringify(shown.body)).not.toContain('secret');
    const full = await ask('GET', `/dead-letters/${dead.eventId}?payload=true`);
    expect(full.body.payload).toBe('secret');
    expect(await ask('GET', `/dead-letters/${randomUUID()}`)).toMatchObject({ status: 404, body: { status: 404 } });
  });

  it.each(['bare', 'parsing'])('redrive by ids or filter, in a host whose JSON is %s', async (host) => {
    const server = host === 'bare' ? bare : parsing;
    const [first, second] = [outboxRow({ instance: host, deadReason }), outboxRow({ instance: host, deadReason })];
    await database.outbox.append([first, second]);
    const unknown = randomUUID();
    const byId = await ask('POST', '/dead-letters/redrive', { eventIds: [first.eventId, unknown] }, server);
    expect(byId).toMatchObject({ status: 200, body: { changed: 1, notFound: [unknown] } });
    expect(await stateOf(session, second.eventId)).toBe('dead');
    const byFilter = await ask('POST', '/dead-letters/redrive', { filter: { instance: host } }, server);
    expect(byFilter.body).toMatchObject({ changed: 1 });
    expect(await stateOf(session, second.eventId)).toBe('pending');
  });

  it('refuse to redrive what is larger than GUARD_EVENT_MAX_BYTES, by name', async () => {
    const large = outboxRow({ deadReason: 'GUARD_EVENT_TOO_LARGE: x', payloadBytes: 101 });
    await database.outbox.append([large]);
    expect((await ask('POST', '/dead-letters/redrive', { eventIds: [large.eventId] })).body).toMatchObject({
      changed: 0,
      tooLarge: { count: 1, first: [{ eventId: large.eventId, payloadBytes: 101 }] },
    });
  });

  it('discard dead letters, and log how many', async () => {
    const dead = outboxRow({ deadReason });
    await database.outbox.append([dead]);
    const answer = await ask('POST', '/dead-letters/discard', { eventIds: [dead.eventId] });
    expect(answer).toMatchObject({ status: 200, body: { changed: 1 } });
    expect(await stateOf(session, dead.eventId)).toBeUndefined();
    expect(log.lines).toContainEqual(expect.objectContaining({ fields: { discarded: 1 } }));
  });

  it('replay what a filter names, after a dry run that changes nothing', async () => {
    const [wanted, other] = [outboxRow({ chat: 'again@g.us' }), outboxRow()];
    await appendDelivered(database.outbox, [wanted, other]);
    const filter = { chat: 'again@g.us', from: '1970-01-01', to: '1970-01-01T00:00:02Z' };
    expect((await ask('POST', '/outbox/replay', { filter, dryRun: true })).body).toMatchObject({ changed: 1 });
    expect(await stateOf(session, wanted.eventId)).toBe('delivered');
    expect((await ask('POST', '/outbox/replay', { filter })).body).toMatchObject({ changed: 1 });
    expect(await stateOf(session, wanted.eventId)).toBe('pending');
    expect(await stateOf(session, other.eventId)).toBe('delivered');
  });

  it('copy what a filter names into a queue, in order and with its ids, and leave the outbox as it is', async () => {
    const connection = await connect(brokerUrl);
    const channel = await connection.createChannel();
    await channel.assertQueue(toQueue, { durable: true });
    const rows = [1, 2, 3].map((number) => outboxRow({ instance: 'copied', payload: `${number}`, payloadBytes: 1 }));
    await appendDelivered(database.outbox, [...rows, outboxRow({ instance: 'copied', sink: 'webhook' })]);
    const filter = { instance: 'copied' };
    expect((await ask('POST', '/outbox/replay', { filter, toQueue, dryRun: true })).body).toMatchObject({ changed: 3 });
    expect(await channel.checkQueue(toQueue)).toMatchObject({ messageCount: 0 });
    expect((await ask('POST', '/outbox/replay', { filter, toQueue })).body).toMatchObject({ changed: 3 });
    for (const { eventId, payload } of rows) {
      const message = await channel.get(toQueue, { noAck: true });
      expect(message && [message.properties.messageId, message.content.toString()]).toEqual([eventId, payload]);
      expect(await stateOf(session, eventId)).toBe('delivered');
    }
    await connection.close();
    const unknown = await ask('POST', '/outbox/replay', { filter, toQueue: 'nowhere' });
    expect([unknown.status, JSON.stringify(unknown.body)]).toEqual([
      404,
      expect.stringContaining('GUARD_QUEUE_UNKNOWN'),
    ]);
  });

  it('count what waits by instance, event and sink, with the age of the oldest', async () => {
    await database.outbox.append([outboxRow({ instance: 'counted', capturedAt: 20_000 })]);
    const { body } = await ask('GET', '/outbox');
    expect(body.groups).toContainEqual({
      instance: 'counted',
      event: 'send.message',
      sink: 'rabbitmq',
      pending: 1,
      dead: 0,
      oldestSeconds: 40,
    });
  });

  it.each([
    ['GET', '/dead-letters?limit=0', undefined, 'limit: must be a whole number'],
    ['GET', '/dead-letters?instanc=x', undefined, 'instanc'],
    ['GET', '/dead-letters/5', undefined, 'must be the UUID'],
    ['POST', '/dead-letters/redrive', {}, 'give either eventIds'],
    ['POST', '/dead-letters/redrive', { eventIds: ['5'] }, 'eventIds.0: must be the UUID'],
    ['POST', '/dead-letters/discard', { filter: { instance: 'shop' } }, 'eventIds: must be a list'],
    ['POST', '/outbox/replay', { filter: {} }, 'a filter that is not empty'],
    ['POST', '/outbox/replay', { all: true, toQueue: '' }, 'toQueue: must not be empty'],
    ['POST', '/dead-letters/redrive', { all: true, toQueue: 'q' }, 'toQueue'],
    ['POST', '/outbox/replay', { filter: { from: 'today' } }, 'filter.from: must be a time'],
    ['POST', '/outbox/replay', '{"filter":', 'not JSON'],
  ] as const)('refuse %s %s %j in the form of the host', async (method, path, body, reason) => {
    const answer = await ask(method, path, body);
    expect(answer).toMatchObject({ status: 400, body: { status: 400, error: 'Bad Request' } });
    const { message } = answer.body.response as { message: string[] };
    expect(message).toEqual(expect.arrayContaining([expect.stringContaining(reason)]));
  });
});
