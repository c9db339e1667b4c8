import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import express, { type NextFunction, type Request, type Response } from 'express';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { createMessageDoor } from '../../src/console/message-door';
import { asHostError } from '../../src/host/refusals';
import { pipeline, type PipelinedAnswer, type PipelinedRequest } from '../helpers/pipeline';
import { A, B, CHAT_A, SendBench, texts } from '../helpers/send-bench';
import type { TestProcess } from '../helpers/send-rig';
import { until } from '../helpers/until';

describe('the door of the routes that send', () => {
  let bench: SendBench;
  let here: TestProcess;
  let server: Server;
  let url: string;
  /** Chats of which turns were taken. */
  let opened: string[];
  /** What the host does before it sends: it looks up who calls, loads media, ... */
  let prepare: (text: string) => Promise<unknown>;

  beforeEach(async () => {
    bench = new SendBench();
    prepare = () => Promise.resolve();
    opened = [];
    await open(await bench.start());
  });

  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await bench.stop();
  });

  async function open(process: TestProcess): Promise<void> {
    server?.close();
    here = process;
    const app = express();
    app.use(express.json());
    const door = createMessageDoor({
      isGuarded: (instance) => instance === 'shop',
      chatOf: (...given) => here.sends.chatOf(...given),
      openTurn(...given) {
        opened.push(given[1]);
        return here.sends.openTurn(...given);
      },
    });
    for (const path of ['/message', '/chat']) app.use(path, door);
    const send = async (request: Request, response: Response) => {
      const { number, text, key, refuse } = request.body as Record<string, string> & { key?: { remoteJid: string } };
      await prepare(text ?? '');
      if (refuse) return response.status(401).json({ status: 401 });
      response.status(201).json(await here.send(number ?? key?.remoteJid ?? 'status@broadcast', text ?? ''));
    };
    const route = (request: Request, response: Response, next: NextFunction) =>
      void send(request, response).catch(next);
    app.post('/message/:kind/:instance', route);
    app.post('/chat/updateMessage/:instance', route);
    app.delete('/chat/deleteMessageForEveryone/:instance', route);
    app.use((thrown: unknown, _request: Request, response: Response, _next: NextFunction) => {
      const {
        status = 500,
        error,
        message,
      } = asHostError(thrown) as { status?: number; error?: string; message: string };
      response.status(status).json({ status, error, response: { message } });
    });
    server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const toText = (number: string, text: string, more: Partial<PipelinedRequest> = {}): PipelinedRequest => ({
    path: '/message/sendText/shop',
    body: { number, text },
    ...more,
  });
  const statuses = (answers: readonly PipelinedAnswer[]) => answers.map(({ status }) => status);
  const sizes = async () => (await here.metrics.sendsWaiting.get()).values[0]?.value;

  it('keeps the order in which requests arrive, however long the host takes over each', async () => {
    prepare = (text) => pause(Number(text) % 3 === 0 ? 12 : Math.random() * 5);
    const answers = await pipeline(url, texts(30).map((text) => toText(A, text))); // prettier-ignore
    expect(statuses(answers)).toEqual(Array<number>(30).fill(201));
    expect(bench.channel.textsOf(A)).toEqual(texts(30));
    expect(bench.journal.sends.every(({ caller }) => caller === 'http')).toBe(true);
  });

  it('knows that all spellings of a number are one chat', async () => {
    prepare = (text) => pause(text === 'first' ? 20 : 0);
    await pipeline(url, [toText('+55 (11) 98888-0001', 'first'), toText(CHAT_A, 'second')]);
    expect(bench.channel.arrived.map(({ text }) => text)).toEqual(['first', 'second']);
  });

  it('does not hold up other chats', async () => {
    const under = bench.hold('slow');
    const slow = pipeline(url, [toText(A, 'slow')]);
    await until(under.isAsked);
    expect(statuses(await pipeline(url, [toText(B, 'quick')]))).toEqual([201]);
    under.letGo();
    await slow;
  });

  it('gives a place back when its request ends without a send', async () => {
    prepare = (text) => pause(text === 'refused' ? 15 : 0);
    const answers = await pipeline(url, [
      toText(A, 'refused', { body: { number: A, text: 'refused', refuse: 'yes' } }),
      toText(A, 'sent'),
    ]);
    expect(statuses(answers)).toEqual([401, 201]);
    expect(bench.channel.textsOf(A)).toEqual(['sent']);
    await pipeline(url, [toText(B, 'refused', { body: { number: B, text: 'refused', refuse: 'yes' } })]);
    await until(async () => (await sizes()) === 0, sizes);
    expect(opened).toHaveLength(3);
  });

  it('gives a place back when its caller is gone before the send, which then waits for a place of its own', async () => {
    let letGo: () => void = () => undefined;
    prepare = (text) => (text === 'left' ? new Promise<void>((resolve) => (letGo = resolve)) : Promise.resolve());
    const left = new AbortController();
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify({ number: A, text: 'left' }), signal: left.signal };
    const gone = fetch(`${url}/message/sendText/shop`, init).catch(() => 'gone');
    await until(async () => (await sizes()) === 1);
    left.abort();
    expect(await gone).toBe('gone');
    expect(statuses(await pipeline(url, [toText(A, 'next')]))).toEqual([201]);
    letGo();
    await bench.channel.untilArrived(2);
    expect(bench.channel.textsOf(A)).toEqual(['next', 'left']);
  });

  it('answers a full queue with 429, in the host’s form, and when to come back', async () => {
    await open(await bench.start({ settings: { sendsChatQueueLimit: 2 } }));
    const under = bench.hold('first');
    const first = pipeline(url, [toText(A, 'first'), toText(A, 'second')]);
    await until(async () => under.isAsked() && (await sizes()) === 2);
    const [answer] = await pipeline(url, [toText(A, 'third')]);
    expect(answer).toMatchObject({
      status: 429,
      headers: { 'retry-after': expect.stringMatching(/^\d+$/) },
      body: {
        status: 429,
        error: 'Too Many Requests',
        response: { message: [expect.stringContaining('GUARD_SENDS_FULL')] },
      },
    });
    under.letGo();
    expect(statuses(await first)).toEqual([201, 201]);
    expect(bench.channel.textsOf(A)).toEqual(['first', 'second']);
  });

  it('lets a request of high priority overtake those that wait', async () => {
    const under = bench.hold('first');
    const normal = pipeline(url, [toText(A, 'first'), toText(A, 'normal')]);
    await until(async () => under.isAsked() && (await sizes()) === 2);
    const high = pipeline(url, [toText(A, 'high', { headers: { 'x-guard-priority': 'High' } })]);
    await until(async () => (await sizes()) === 3);
    under.letGo();
    await Promise.all([normal, high]);
    expect(bench.channel.textsOf(A)).toEqual(['first', 'high', 'normal']);
  });

  it('has one queue for the statuses of an instance', async () => {
    prepare = (text) => pause(text === 'first' ? 15 : 0);
    const status = (text: string) => toText('', text, { path: '/message/sendStatus/shop', body: { text } });
    await pipeline(url, [status('first'), status('second'), toText(A, 'beside')]);
    expect(bench.channel.textsOf('status@broadcast')).toEqual(['first', 'second']);
    expect(bench.channel.arrived[0]?.text).not.toBe('first');
  });

  it('stands before edits and deletions too', async () => {
    prepare = (text) => pause(text === 'hello' ? 15 : text === 'better' ? 8 : 0);
    const key = { remoteJid: CHAT_A, id: 'W1', fromMe: true };
    await pipeline(url, [
      toText(CHAT_A, 'hello'),
      toText(CHAT_A, 'better', { path: '/chat/updateMessage/shop' }),
      { method: 'DELETE', path: '/chat/deleteMessageForEveryone/shop', body: { key, text: 'gone' } },
    ]);
    expect(bench.channel.textsOf(CHAT_A)).toEqual(['hello', 'better', 'gone']);
  });

  it.each([
    ['an instance that is not guarded', '/message/sendText/another'],
    ['a name that cannot be decoded', '/message/sendText/%E0%A4%A'],
  ])('leaves %s to the host', async (_what, path) => {
    const [answer] = await pipeline(url, [{ path, body: { number: A, text: 'hello', refuse: 'yes' } }]);
    expect([answer?.status, opened]).toEqual([path.endsWith('another') ? 401 : 400, []]);
  });

  it.each([
    ['an empty number', ''],
    ['a list', [A, B]],
    ['a number as such', 5511988880001],
  ])('leaves %s to the send, which refuses it', async (_what, number) => {
    const [answer] = await pipeline(url, [{ path: '/message/sendText/shop', body: { number, text: 'hello' } }]);
    expect(answer).toMatchObject({ status: 400, body: { error: 'Bad Request' } });
    expect([bench.channel.asked, bench.journal.sends]).toEqual([[], []]);
  });
});
