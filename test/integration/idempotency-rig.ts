import express, { type NextFunction, type Request, type Response } from 'express';
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createIdempotencyDoor } from '../../src/console/idempotency-door';
import { createMessageDoor } from '../../src/console/message-door';
import { systemClock } from '../../src/core/clock';
import { readSettings } from '../../src/core/settings';
import { asHostError } from '../../src/host/refusals';
import { createMetrics, type Metrics } from '../../src/metrics/metrics';
import { startSends, type Sends } from '../../src/sends';
import { currentAttempt } from '../../src/sends/attempt';
import { Idempotency } from '../../src/sends/idempotency';
import { currentSurroundings } from '../../src/sends/turn';
import type { Engine } from '../../src/stores/engine';
import { recordingLog, type RecordingLog } from '../helpers/recording-log';
import type { TestChannel } from '../helpers/test-channel';
import { openTestEngine } from '../helpers/test-store';
import { Life } from '../helpers/life';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  body: Record<string, unknown>;
}

export interface Asking {
  key?: string;
  apiKey?: string;
  kind?: string;
  instance?: string;
  /** As text where it is text. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Cuts the connection when it is aborted. */
  signal?: AbortSignal;
}

/** A host with a channel of the test's, wired as compose-sends.ts does, on a database that others may share. */
export interface TestHost {
  owner: string;
  sends: Sends;
  metrics: Metrics;
  log: RecordingLog;
  /** Why the host's routes refuse before they send. */
  refuse: () => Error | undefined;
  /** Called when a chat is given a place in its queue. */
  places: number;
  ask(asking: Asking): Promise<Answer>;
  /** Resolves when it has looked so often for what is known of a key. */
  untilLooks(count: number): Promise<void>;
  /** Ends it as kill -9 does: nothing of it reaches the database or the channel any more. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

export interface HostOptions {
  url: string;
  channel: TestChannel;
  environment?: Record<string, string>;
}

const API_KEYS = ['the key', 'another key'];

export async function startHost({ url, channel, environment = {} }: HostOptions): Promise<TestHost> {
  const [owner, settings] = [randomUUID(), readSettings(environment)];
  const [log, metrics] = [recordingLog(), createMetrics()];
  const engine = await openTestEngine(url);
  const life = new Life();
  const common = { owner, clock: systemClock, random: Math.random, log, metrics };
  const looks = { count: 0, events: new EventEmitter() };
  const store = life.gate({
    ...engine.idempotency,
    async begin(...given: Parameters<Engine['idempotency']['begin']>) {
      const known = await engine.idempotency.begin(...given);
      looks.count += known.length;
      setImmediate(() => looks.events.emit('look'));
      return known;
    },
  });
  const idempotency = new Idempotency({ store, limit: settings.sendsQueueLimit, retryMs: 1_000, ...common });

  const perform = (number: unknown, text: string) => async () => {
    const attempt = currentAttempt();
    if (!attempt) throw new Error('the method was called outside of an attempt');
    const message = { number: String(number), text, by: owner, messageId: attempt.messageId };
    return life.of(async () => {
      await channel.typing(message);
      life.check();
      return channel.take(attempt, message);
    });
  };
  const send = (number: unknown, text: string, messageId?: string) =>
    idempotency
      .track(currentSurroundings()?.requestId, () =>
        sends.send({
          ...{ instance: 'shop', number, integration: 'WHATSAPP-BUSINESS', kind: 'text', textLength: text.length },
          ...{ messageId, body: Buffer.from(JSON.stringify({ number, text })), perform: perform(number, text) },
        }),
      )
      .catch((error: unknown) => {
        throw asHostError(error);
      });
  const sends: Sends = await startSends({
    ...common,
    store: life.gate(engine.sends),
    locks: undefined,
    settings,
    about: 'test',
    instances: () => [{ name: 'shop', isOpen: true }],
    lookUpLid: () => Promise.resolve(undefined),
    repeat: ({ body, messageId }) => {
      const { number, text } = JSON.parse(String(body)) as { number: string; text: string };
      return send(number, text, messageId);
    },
    resumed: (...given) => idempotency.resumed(...given),
    acknowledged: () => undefined,
  });

  const host: TestHost = {
    ...{ owner, sends, metrics, log, places: 0, refuse: () => undefined },
    ask: (asking) => ask(server, asking),
    async untilLooks(count) {
      while (looks.count < count) await once(looks.events, 'look');
    },
    async crash() {
      life.end();
      server.closeAllConnections();
      await end();
    },
    stop: () => end(),
  };
  const isGuarded = (instance: string) => instance !== 'stock';
  const openTurn: Sends['openTurn'] = (...given) => {
    host.places += 1;
    return sends.openTurn(...given);
  };
  const app = express();
  app.use(express.json({ limit: '20mb' }));
  app.use('/message', createIdempotencyDoor({ idempotency, isGuarded }));
  app.use('/message', createMessageDoor({ isGuarded, chatOf: (...given) => sends.chatOf(...given), openTurn }));
  app.post('/message/:kind(sendText|sendNothing)/:instance', (asked, response, next) => {
    answer(asked, response, host, send).catch(next);
  });
  app.use(
    (
      error: { status?: number; error?: string; message?: unknown },
      _: Request,
      response: Response,
      next: NextFunction,
    ) => {
      const { status = 500, error: name = 'Internal Server Error', message } = error;
      response.status(status).json({ status, error: name, response: { message } });
      void next;
    },
  );
  app.use((_, response, next) => {
    response.status(404).json({ status: 404, error: 'Not Found' });
    next(); // as the host does: the answer must be on its way by now
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const end = () => endHost(server, sends, idempotency, engine);
  return host;
}

/** What the host throws, in the form of an error. */
export const refusal = (status: number, error: string) => Object.assign(new Error(`it is ${error}`), { status, error });

/** As the host's routes do: who calls, what is asked, and then the channel. */
async function answer(
  asked: Request,
  response: Response,
  host: TestHost,
  send: (number: unknown, text: string) => Promise<unknown>,
): Promise<void> {
  const { number, text } = asked.body as { number?: unknown; text?: string };
  if (!API_KEYS.includes(asked.get('apikey') ?? '')) throw refusal(401, 'Unauthorized');
  if (number === undefined) throw refusal(400, 'Bad Request');
  const refused = host.refuse();
  if (refused) throw refused;
  const sent = asked.params['kind'] === 'sendNothing' ? { nothing: true } : await send(number, text ?? '');
  response.status(201).json(sent);
}

async function endHost(server: Server, sends: Sends, idempotency: Idempotency, engine: Engine): Promise<void> {
  await sends.stop();
  await idempotency.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await engine.close();
}

async function ask(server: Server, asking: Asking): Promise<Answer> {
  const { key, apiKey = 'the key', kind = 'sendText', instance = 'shop', body, headers = {}, signal } = asking;
  const { port } = server.address() as AddressInfo;
  const sent = request({
    ...{ port, host: '127.0.0.1', method: 'POST', path: `/message/${kind}/${instance}`, agent: false },
    ...(signal && { signal }),
    headers: {
      'content-type': 'application/json',
      ...(apiKey !== '' && { apikey: apiKey }),
      ...(key !== undefined && { 'idempotency-key': key }),
      ...headers,
    },
  });
  sent.end(typeof body === 'string' ? body : JSON.stringify(body));
  const [response] = (await once(sent, 'response')) as [
    AsyncIterable<Buffer> & { statusCode: number; headers: Answer['headers'] },
  ];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const { statusCode: status, headers: given } = response;
  return { status, headers: given, text, body: text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : {} };
}
