import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { REFERENCE_HOST } from '../../scripts/host/program';
import type { RunningHost } from '../../scripts/host/running-host';
import { WebhookReceiver, type ReceivedWebhook } from '../helpers/webhook-receiver';
import { createBackends, newName, program, startHost } from './host-under-test';

const CHAT = '5511988887777';
const JWT_KEY = 'a key of the operator';
const HEADERS = { apikey: 'of the receiver', 'X-Tenant': '7', authorization: 'replaced', jwt_key: JWT_KEY };
const SENDS = 10;
const events = ['SEND_MESSAGE'];

/** What only a durable webhook has. */
const ADDED = ['webhook-id', 'webhook-timestamp', 'guard-instance', 'guard-chat', 'guard-chat-sequence'];

/** Keys in their order, with the kind of value that each holds. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]);
}

/** Names and values on the wire, in their order, without what is added and what differs from request to request. */
function headersOf({ rawHeaders }: ReceivedWebhook): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) pairs.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '']);
  return pairs
    .filter(([name]) => !ADDED.includes(name.toLowerCase()))
    .map(([name, value]) => {
      if (/^user-agent$/i.test(name)) return [name, value.replace(/\/.*/, '')]; // of axios, whichever version
      if (/^content-length$/i.test(name)) return [name, 'some'];
      if (/^authorization$/i.test(name)) return [name, 'some'];
      return [name, value];
    });
}

describe(`${program.name}, webhooks of both`, () => {
  let own: WebhookReceiver;
  let shared: WebhookReceiver;
  const hosts: RunningHost[] = [];
  const name = newName('shop');

  beforeAll(async () => {
    [own, shared] = await Promise.all([WebhookReceiver.start(), WebhookReceiver.start()]);
    for (const guarded of [false, true]) hosts.push(await startWith(guarded));
  }, 120_000);
  afterAll(async () => {
    await Promise.all(hosts.map((host) => host.stop()));
    await Promise.all([own.goAway(), shared.goAway()]);
  });
  afterEach(() => {
    own.received.length = 0;
    shared.received.length = 0;
  });

  async function startWith(guarded: boolean): Promise<RunningHost> {
    const host = await startHost({
      ...(await createBackends()),
      guarded,
      variables: {
        GUARD_WEBHOOKS: 'durable',
        WEBHOOK_GLOBAL_ENABLED: 'true',
        WEBHOOK_GLOBAL_URL: shared.url,
        WEBHOOK_GLOBAL_WEBHOOK_BY_EVENTS: 'true',
        WEBHOOK_EVENTS_SEND_MESSAGE: 'true',
      },
    });
    await host.createInstance(name, { webhook: { url: own.url, events } });
    return host;
  }

  /** The requests of the stock host and of the guarded one, after what both were told to do, at each receiver. */
  async function ofBoth(told: (host: RunningHost) => Promise<unknown>, ...at: WebhookReceiver[]) {
    for (const [done, host] of hosts.entries()) {
      await told(host);
      for (const receiver of at) await receiver.until(({ received }) => received.length > done);
    }
    return at.map(({ received }) => received as [ReceivedWebhook, ReceivedWebhook]);
  }

  const send = (host: RunningHost) => host.sendText(name, CHAT, 'compare me: é 漢 "\u2028');
  const set = (webhook: object) =>
    Promise.all(hosts.map((host) => host.setWebhook(name, { url: own.url, events, ...webhook })));

  it.each([
    ['the webhook of the instance', 0, {}],
    ['the webhook of the instance by event, with headers and a token', 0, { byEvents: true, headers: HEADERS }],
    ['the global webhook', 1, {}],
  ])('%s gets the same request: method, path, headers and text', async (_, at, webhook) => {
    await set(webhook);
    const [stock, guarded] = (await ofBoth(send, own, shared))[at] ?? [];
    if (!stock || !guarded) throw new Error('no two requests');
    expect([guarded.method, guarded.path]).toEqual([stock.method, stock.path]);
    expect(headersOf(guarded)).toEqual(headersOf(stock));
    expect(shapeOf(guarded.body)).toEqual(shapeOf(stock.body));
    const { event, instance, destination } = stock.body;
    expect(guarded.body).toMatchObject({ event, instance, destination });
    for (const { text, body } of [stock, guarded]) expect(text).toBe(JSON.stringify(body));
  });

  it('the token has what the token of the host has, and is made anew', async () => {
    await set({ headers: { jwt_key: JWT_KEY } });
    const [requests] = await ofBoth(send, own, shared);
    const tokens = requests?.map(({ headers }) => {
      const {
        iat = 0,
        exp = 0,
        ...rest
      } = jwt.verify(headers.authorization?.slice(7) ?? '', JWT_KEY) as jwt.JwtPayload;
      expect(Math.abs(Date.now() / 1000 - iat)).toBeLessThan(60);
      return { ...rest, seconds: exp - iat };
    });
    expect(tokens).toEqual(Array(2).fill({ app: 'evolution', action: 'webhook', seconds: 600 }));
  });

  // Only the stand-in can be told what to emit, to the last byte.
  const exactly = program === REFERENCE_HOST ? it : it.skip;

  const HOSTILE = {
    event: 'group-participants.update',
    data: { 2: 'b', 1: 'a', nested: { nothing: null, list: [undefined, 1e21, -0] }, text: 'é\u2028"\\ 漢 $& $1' },
    extra: { event: 'overwritten', more: [1] },
    dateTime: '2026-01-01T00:00:00.000Z',
    sender: '5511@s.whatsapp.net',
    serverUrl: 'http://localhost',
    local: true,
  };

  exactly('any event has the same text, byte by byte', async () => {
    await set({ events: ['GROUP_PARTICIPANTS_UPDATE'], byEvents: true });
    const [[stock, guarded] = []] = await ofBoth((host) => host.emit(name, HOSTILE), own);
    expect(guarded?.text).toBe(stock?.text);
    expect(guarded?.headers['content-length']).toBe(stock?.headers['content-length']);
    expect(guarded?.path).toBe('/hook/group-participants-update');
  });

  exactly('an event that is not local, or meant for other sinks, goes where stock brings it', async () => {
    await set({});
    const event = { ...HOSTILE, event: 'send.message' };
    for (const change of [{ local: false }, { integration: ['rabbitmq'] }, { integration: ['webhook'] }]) {
      for (const host of hosts) await host.emit(name, { ...event, ...change, data: change });
    }
    await own.until(({ received }) => received.length === 2);
    await shared.until(({ received }) => received.length === 4);
    const told = ({ received }: WebhookReceiver) => received.map(({ body }) => JSON.stringify(body.data)).sort();
    expect(told(own)).toEqual(Array(2).fill('{"integration":["webhook"]}'));
    expect(told(shared)).toEqual([
      ...Array<string>(2).fill('{"integration":["webhook"]}'),
      ...Array<string>(2).fill('{"local":false}'),
    ]);
  });
});

describe(`${program.name}, durable webhooks`, () => {
  let receiver: WebhookReceiver;
  let host: RunningHost | undefined;

  beforeEach(async () => {
    receiver = await WebhookReceiver.start();
  });
  afterEach(async () => {
    await host?.stop();
    await receiver.goAway();
  });

  async function start(variables: Record<string, string>): Promise<RunningHost> {
    host = await startHost({ ...(await createBackends()), guarded: true, variables });
    return host;
  }

  async function create(on: RunningHost, word: string): Promise<string> {
    const instance = newName(word);
    await on.createInstance(instance, { webhook: { url: receiver.url, events } });
    return instance;
  }

  it('need no RabbitMQ', async () => {
    const on = await start({ GUARD_WEBHOOKS: 'durable', RABBITMQ_ENABLED: 'false' });
    const { features, rabbitmq } = await on.health();
    const verdicts = features.map(({ feature, verdict }) => `${feature} ${verdict}`);
    expect([verdicts, rabbitmq]).toEqual([expect.arrayContaining(['events off-by-setting', 'webhooks on']), null]);
    const sent = await on.sendText(await create(on, 'shop'), CHAT, 'no broker');
    await receiver.until(({ received }) => received.length === 1);
    expect(messageIds()).toEqual([sent]);
    expect(receiver.received[0]?.messageId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('are those of the instances in the rollout; the others are delivered by the host', async () => {
    const on = await start({ GUARD_WEBHOOKS: 'durable', GUARD_ROLLOUT: 'webhooks=canary-*' });
    for (const word of ['canary', 'steady']) await on.sendText(await create(on, word), CHAT, word);
    await receiver.until(({ received }) => received.length === 2);
    const isDurable = receiver.received.map(({ body, headers }) => [
      body.instance.split('-')[0],
      'webhook-id' in headers,
    ]);
    expect(Object.fromEntries(isDurable)).toEqual({ canary: true, steady: false });
  });

  it('that wait when the host is killed arrive when it is back, in order', async () => {
    const on = await start({ GUARD_WEBHOOKS: 'durable' });
    const instance = await create(on, 'shop');
    await receiver.goAway();
    const sent: string[] = [];
    for (let send = 0; send < SENDS; send += 1) sent.push(await on.sendText(instance, CHAT, `message ${send}`));
    while (((await on.health()).outbox?.pending ?? 0) < SENDS) await new Promise(setImmediate);
    await on.kill();
    await receiver.comeBack();
    await on.restart();
    await receiver.until(({ received }) => received.length >= SENDS);
    expect(messageIds()).toEqual(sent);
  });

  const messageIds = () => receiver.received.map(({ body }) => (body.data['key'] as { id: string }).id);
});
