import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../src/core/clock';
import { readSettings } from '../../src/core/settings';
import { sendMistakes } from '../../src/host/host-sends';
import { createMetrics, type Metrics } from '../../src/metrics/metrics';
import { startSends, type Sends } from '../../src/sends';
import { AllowedHosts } from '../../src/sends/sequences/allowed-hosts';
import { HttpClient } from '../../src/sends/sequences/http-client';
import { currentAttempt } from '../../src/sends/attempt';
import type { SequenceRecord } from '../../src/stores/sequence-store';
import { LockServers } from '../../src/stores/redis/lock-servers';
import { recordingLog, type RecordingLog } from '../helpers/recording-log';
import type { TestStore } from '../helpers/test-store';

export interface Asked {
  path: string;
  method: string;
  headers: IncomingHttpHeaders;
  text: string;
}

type Answer = number | 'reset';

/** What is seen from outside, in its order: `text hello`, `http /path`. */
export class Outside {
  readonly seen: string[] = [];
  readonly asked: Asked[] = [];
  /** Of the messages that went out, as WhatsApp would know them. */
  readonly messageIds: (string | undefined)[] = [];
  private readonly news = new EventEmitter();
  /** Status for a request, or the end of its connection; never answered where it does not resolve. */
  answer: (asked: Asked) => Answer | Promise<Answer> = () => 200;
  private server: Server | undefined;

  async open(): Promise<this> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('error', () => undefined);
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { url: path = '', method = '', headers } = request;
        const asked = { path, method, headers, text: Buffer.concat(chunks).toString() };
        this.asked.push(asked);
        this.see(`http ${path}`);
        void Promise.resolve(this.answer(asked)).then((status) => {
          if (status === 'reset') return void request.socket.resetAndDestroy();
          response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('an answer');
        });
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.server = server;
    return this;
  }

  get port(): number {
    return (this.server?.address() as AddressInfo).port;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  see(what: string): void {
    this.seen.push(what);
    this.news.emit('news');
  }

  /** Resolves when it has been seen. */
  async until(what: string, times = 1): Promise<void> {
    while (this.seen.filter((each) => each === what).length < times) await once(this.news, 'news');
  }

  forget(): void {
    this.seen.length = 0;
    this.asked.length = 0;
    this.messageIds.length = 0;
    this.answer = () => 200;
  }

  async close(): Promise<void> {
    const { server } = this;
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }
}

/** How the channel takes a message. */
export type Channel = (text: string) => Promise<void> | void;

/** A host process with its sends and sequences, but for EvolutionAPI itself. */
export interface TestHost {
  owner: string;
  sends: Sends;
  log: RecordingLog;
  metrics: Metrics;
  /** What becomes of a message before it is seen outside. Throws what the host would. */
  channel: Channel;
  isOpen: boolean;
  /** Statements that the database does not answer. */
  readonly away: Set<string>;
  /** Statements that it answers, and nobody hears. */
  readonly lost: Set<string>;
  /** Messages that the host was told to send, whatever became of them. */
  readonly told: Outside;
  /** As POST /guard/sequences. @returns its id. */
  accept(fields: object): Promise<string>;
  /** A send, made the way every caller of the host does. */
  send(text: string, number?: string): Promise<unknown>;
  /** Resolves when the sequence has ended, with what is known of it. */
  ended(id: string): Promise<SequenceRecord>;
  /** As killed: nothing of it reaches the database or the world any more, and others know that it is gone. */
  die(): Promise<void>;
  stop(): Promise<void>;
}

export const CHAT = '5511900000000';
export const sendText = (text: string) => ({ send: { route: 'sendText', body: { text } } });

export async function openHost(
  store: TestStore,
  outside: Outside,
  environment: object = {},
  isOpen = true,
): Promise<TestHost> {
  const owner = randomUUID();
  const log = recordingLog();
  const metrics = createMetrics();
  const ends = new EventEmitter();
  let isDead = false;
  let kill: () => void = () => undefined;
  const death = new Promise<never>((_resolve, reject) => (kill = () => reject(new Error('this process is dead'))));
  death.catch(() => undefined); // whoever waits hears of it
  const mortal = <S extends object>(part: S): S =>
    Object.fromEntries(
      (Object.entries(part) as [string, (...args: unknown[]) => Promise<unknown>][]).map(([name, method]) => {
        const call = async (...args: unknown[]) => {
          if (isDead) throw new Error('this process is dead');
          if (host.away.has(name)) throw new Error('the database is away');
          const answer = await method(...args);
          if (host.lost.has(name)) throw new Error('the connection was lost');
          if (name === 'end' || name === 'cancel') ends.emit('end');
          return answer;
        };
        return [name, call];
      }),
    ) as unknown as S;
  const hosts = `127.0.0.1:${outside.port}`;
  const settings = readSettings({ GUARD_SENDS_RETRY_SECONDS: '1', GUARD_SEQUENCE_HTTP_HOSTS: hosts, ...environment });
  const allowed = new AllowedHosts(settings.sequenceHttpHosts ?? [], {
    url: 'http://host.example:8080',
    port: 8080,
    names: () => [],
  });
  const client = new HttpClient({ hosts: allowed });
  const { lockRedisUris: uris } = settings;
  const locks = uris && new LockServers({ uris, prefix: `${store.url}:`, clock: systemClock, log });
  await locks?.ready();

  const perform = (host: TestHost, text: string) => async () => {
    await Promise.race([host.channel(text), death]);
    const attempt = currentAttempt();
    if (attempt?.contact.kind === 'none') attempt.leave();
    outside.see(`text ${text}`);
    outside.messageIds.push(attempt?.messageId);
    if (attempt?.contact.kind === 'under-way') attempt.contact = { kind: 'taken', messageId: attempt.messageId };
    return { key: { id: attempt?.messageId } };
  };
  const make = (host: TestHost, number: unknown, text: string) =>
    host.sends.send({
      instance: 'shop',
      number,
      integration: 'WHATSAPP-BAILEYS',
      kind: 'text',
      textLength: text.length,
      // One without an id of its own cannot be repeated.
      messageId: text.startsWith('fragile') ? undefined : `3EB0${randomUUID()}`,
      body: Buffer.from(JSON.stringify({ number, text })),
      perform: perform(host, text),
    });

  const host: Omit<TestHost, 'sends'> & { sends?: Sends } = {
    owner,
    log,
    metrics,
    channel: () => undefined,
    isOpen,
    away: new Set(),
    lost: new Set(),
    told: new Outside(),
    async accept(fields) {
      const given = { instance: 'shop', chat: CHAT, steps: [sendText('hello')], ...fields };
      const accepted = await host.sends?.sequences?.accept(given);
      if (!accepted || 'mistakes' in accepted) throw new Error(JSON.stringify(accepted));
      return accepted.id;
    },
    send: (text, number = CHAT) => make(host as TestHost, number, text),
    async ended(id) {
      for (;;) {
        const news = once(ends, 'end');
        const record = await store.sequences.find(id);
        if (!record || record.endedAt !== null) return record as SequenceRecord;
        await news;
      }
    },
    async die() {
      isDead = true;
      kill();
      await locks?.stop();
      await store.sends.resign(owner);
    },
    async stop() {
      await (host as TestHost).sends.stop();
      await locks?.stop();
    },
  };
  host.sends = await startSends({
    store: mortal(store.sends),
    locks,
    settings,
    owner,
    about: 'test',
    instances: () => [{ name: 'shop', isOpen: host.isOpen }],
    lookUpLid: () => Promise.resolve(undefined),
    repeat({ body }) {
      const { number, text } = JSON.parse(String(body)) as { number: string; text: string };
      return make(host as TestHost, number, text);
    },
    resumed: () => Promise.resolve(),
    acknowledged: () => undefined,
    sequences: {
      store: mortal(store.sequences),
      host: {
        mistakes: sendMistakes,
        send(_instance, number, { body }) {
          const { text } = body as { text: string };
          host.told.see(text);
          return make(host as TestHost, number, text);
        },
      },
      hosts: allowed,
      http: {
        request: (request, signal) => Promise.race([client.request(request, signal), death]),
      },
      isGuarded: (instance) => instance === 'shop',
    },
    clock: systemClock,
    random: Math.random,
    log,
    metrics,
  });
  return host as TestHost;
}
