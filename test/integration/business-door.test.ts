import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { HeardAcknowledgement } from '../../src/host/acknowledgements';
import type { SendHandler } from '../../src/host/send-call';
import { joinSends } from '../../src/host/sends-join';
import { Attempt, runAttempt } from '../../src/sends/attempt';
import { BusinessChannel } from '../helpers/business-channel';
import { recordingLog } from '../helpers/recording-log';
import { A, CHAT_A, SendBench } from '../helpers/send-bench';
import { WebhookReceiver, type Behaviour, type ReceivedWebhook } from '../helpers/webhook-receiver';

const OURS = '01a1fef4-ccdd-70f8-af49-d817ff6ed9d2';
const held = { isHeld: () => true };
const json = (status: number, body: object, headers = {}): Behaviour => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});
const refusal = (code: number) => json(400, { error: { message: '(#1) no', code, error_data: {} } });

describe('the door of the Business channel', () => {
  let meta: WebhookReceiver;
  let asked: ReceivedWebhook[];
  let heard: HeardAcknowledgement[];
  const agent = new Agent({ keepAlive: false });

  beforeAll(async () => {
    meta = await WebhookReceiver.start();
  });

  beforeEach(() => {
    [asked, heard] = [[], []];
    answerWith(json(200, { messages: [{ id: 'wamid.1' }] }));
  });

  afterAll(() => meta.goAway());

  const answerWith = (behaviour: Behaviour) => {
    meta.behave = (request) => (asked.push(request), behaviour);
  };
  const bodies = () => asked.map(({ text }) => JSON.parse(text) as Record<string, unknown>);

  /** A channel as the host's factory makes it, its sends around the handler. */
  function join(handler: SendHandler, channel = new BusinessChannel(meta.url, 'shop', { httpAgent: agent })) {
    // Seams are put into a class once in a process; here each channel has a class of its own.
    Object.setPrototypeOf(
      channel,
      Object.create(null, Object.getOwnPropertyDescriptors(BusinessChannel.prototype)) as object,
    );
    const controller = { init: (_data: unknown, _parts: unknown): unknown => channel };
    const log = recordingLog();
    joinSends(controller, { handler, acknowledge: (all) => heard.push(...all), learnLid: () => undefined, log });
    controller.init({ integration: 'WHATSAPP-BUSINESS' }, {});
    expect(log.lines).toEqual([]);
    return channel;
  }

  /** Sends one text. @returns how it went, as the door saw it, and what the host’s method made of it. */
  async function send(channel?: BusinessChannel, lease = held) {
    const attempt = new Attempt(OURS, undefined, lease);
    const joined = join((_call, stock) => runAttempt(attempt, stock), channel);
    const result = await joined.textMessage(A, 'hello').catch((error: unknown) => error);
    return { contact: attempt.contact, result };
  }

  it('sends our id along, and tells Meta’s', async () => {
    const { contact, result } = await send();
    expect(contact).toEqual({ kind: 'taken', messageId: 'wamid.1' });
    expect(result).toMatchObject({ key: { id: 'wamid.1' } });
    expect(bodies()).toEqual([
      { messaging_product: 'whatsapp', to: A, text: { body: 'hello' }, biz_opaque_callback_data: OURS },
    ]);
  });

  it('waits as long as WhatsApp asks for with 429', async () => {
    answerWith(json(429, { error: { code: 130429, message: 'slow down' } }, { 'retry-after': '7' }));
    expect((await send()).contact).toEqual({ kind: 'put-off', detail: 'HTTP 429', retryAfterMs: 7_000 });
    answerWith(json(429, {}, { 'retry-after': 'Fri, 31 Dec 2027 23:59:59 GMT' }));
    expect((await send()).contact).toMatchObject({ kind: 'put-off', retryAfterMs: undefined });
  });

  it.each([4, 80_007, 130_429, 131_056])('is asked for patience by code %d too', async (code) => {
    answerWith(refusal(code));
    expect((await send()).contact).toMatchObject({ kind: 'put-off', retryAfterMs: undefined });
  });

  it('tells a refusal with its code and words', async () => {
    answerWith(refusal(131_026));
    const { contact, result } = await send();
    expect(contact).toEqual({ kind: 'refused', detail: 'refused by WhatsApp with 131026 (#1) no' });
    expect(result).toMatchObject({ code: 131_026 }); // the host answers with it, as without us
  });

  it.each([500, 502, 503])('does not know what became of a request that was answered with %d', async (status) => {
    answerWith(json(status, { error: { code: 1, message: 'try again' } }));
    expect((await send()).contact).toEqual({ kind: 'unanswered', detail: `HTTP ${status}` });
  });

  it.each<[string, Behaviour]>([
    ['an answer without an id', json(200, {})],
    ['an answer that is no JSON', { status: 200, body: 'thanks' }],
    ['a refusal without a code', json(403, { message: 'who are you?' })],
  ])('does not know what became of a request after %s', async (_what, behaviour) => {
    answerWith(behaviour);
    expect((await send()).contact).toEqual({ kind: 'unanswered', detail: 'the answer was not understood' });
  });

  it('knows that nothing was written where nobody listens, or no such host is known', async () => {
    const nobody = await closedPort();
    expect((await send(new BusinessChannel(`http://127.0.0.1:${nobody}`))).contact).toMatchObject({
      kind: 'not-written',
      detail: expect.stringContaining('ECONNREFUSED'),
    });
    const unknown = new BusinessChannel('http://no-such-host.invalid');
    expect((await send(unknown)).contact).toMatchObject({ kind: 'not-written' });
  });

  it('knows that nothing was written where the TLS handshake fails', async () => {
    const { server, port } = await listen((socket) => socket.resetAndDestroy());
    const { contact } = await send(new BusinessChannel(`https://127.0.0.1:${port}`));
    expect(contact).toMatchObject({ kind: 'not-written' });
    server.close();
  });

  it('does not know what became of a request whose connection was reset when it was written', async () => {
    answerWith('reset');
    expect((await send()).contact).toMatchObject({
      kind: 'unanswered',
      detail: expect.stringMatching(/hang up|ECONNRESET/),
    });
    expect(asked).toHaveLength(1);
  });

  it('does not know it either on a connection that served others before', async () => {
    const keepAlive = new Agent({ keepAlive: true, maxSockets: 1 });
    const channel = () => new BusinessChannel(meta.url, 'shop', { httpAgent: keepAlive });
    expect((await send(channel())).contact).toMatchObject({ kind: 'taken' });
    answerWith('reset');
    expect((await send(channel())).contact).toMatchObject({ kind: 'unanswered' });
    expect(new Set(asked.map(({ clientPort }) => clientPort)).size).toBe(1);
    keepAlive.destroy();
  });

  it('does not know it where the client gave up waiting', async () => {
    answerWith('hang');
    const impatient = new BusinessChannel(meta.url, 'shop', { httpAgent: agent, timeout: 50 });
    expect((await send(impatient)).contact).toMatchObject({ kind: 'unanswered' });
    await meta.goAway();
    await meta.comeBack();
  });

  it('tells sends apart that are under way at once, also those that wait for a connection', async () => {
    const single = new Agent({ keepAlive: true, maxSockets: 1 });
    meta.behave = (request) => {
      const { text } = JSON.parse(request.text) as { text: { body: string } };
      return Number(text.body) % 2 === 0 ? json(200, { messages: [{ id: `wamid.${text.body}` }] }) : json(503, {});
    };
    const attempts = Array.from({ length: 10 }, (_, number) => new Attempt(`${number}`, undefined, held));
    const channel = join(
      (call, stock) =>
        runAttempt(attempts[Number((call.args[1] as { conversation: string }).conversation)] as Attempt, stock),
      new BusinessChannel(meta.url, 'shop', { httpAgent: single }),
    );
    await Promise.allSettled(attempts.map(({ sendId }) => channel.textMessage(A, sendId)));
    expect(attempts.map(({ contact }) => contact)).toEqual(
      attempts.map(({ sendId }) =>
        Number(sendId) % 2 === 0
          ? { kind: 'taken', messageId: `wamid.${sendId}` }
          : { kind: 'unanswered', detail: 'HTTP 503' },
      ),
    );
    single.destroy();
  });

  it('holds a message back when the chat is somebody else’s by now', async () => {
    const { contact, result } = await send(undefined, { isHeld: () => false });
    expect([contact, asked]).toEqual([{ kind: 'held-back' }, []]);
    expect(result).toMatchObject({ status: 400 });
  });

  it('leaves requests alone that are no sends', async () => {
    const attempt = new Attempt(OURS, undefined, held);
    const channel = join((_call, stock) => stock());
    await channel.markAsRead('wamid.1');
    await runAttempt(attempt, () => channel.setProfile('open till 7'));
    expect(bodies().map((body) => 'biz_opaque_callback_data' in body)).toEqual([false, false]);
    expect(attempt.contact).toEqual({ kind: 'none' });
  });

  it('hears statuses before the host, which gets them as they came', async () => {
    const channel = join((_call, stock) => stock());
    const content = {
      statuses: [{ id: 'wamid.1', status: 'read', timestamp: '1795000001', biz_opaque_callback_data: OURS }],
    };
    await channel.eventHandler(content);
    await channel.eventHandler({ messages: [{ id: 'IN1' }] });
    expect(channel.handled).toEqual([content, { messages: [{ id: 'IN1' }] }]);
    expect(heard).toEqual([
      { instance: 'shop', messageId: 'wamid.1', sendId: OURS, state: 'read', at: 1_795_000_001_000 },
    ]);
  });

  describe('with a guard around it', () => {
    let bench: SendBench;

    beforeEach(() => {
      bench = new SendBench();
    });

    afterEach(() => bench.stop());

    it('a send whose answer was lost is resolved by the status that carries our id', async () => {
      const { sends } = await bench.start();
      const channel = join((call, stock) =>
        sends.send({
          instance: 'shop',
          number: call.args[0],
          integration: call.integration,
          kind: 'text',
          textLength: 5,
          messageId: undefined,
          body: undefined,
          perform: stock,
        }),
      );
      answerWith('reset');
      await expect(channel.textMessage(A, 'hello')).rejects.toMatchObject({ status: 400 });
      await bench.untilStates(CHAT_A, 'unknown');
      const { biz_opaque_callback_data: ours } = bodies()[0] ?? {};
      await channel.eventHandler({
        statuses: [{ id: 'wamid.9', status: 'delivered', biz_opaque_callback_data: ours }],
      });
      sends.acknowledge(heard);
      await bench.untilStates(CHAT_A, 'delivered');
      expect(asked).toHaveLength(1);
    });
  });
});

async function listen(serve: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer(serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

async function closedPort(): Promise<number> {
  const { server, port } = await listen(() => undefined);
  server.close();
  await once(server, 'close');
  return port;
}
