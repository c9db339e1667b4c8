import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { waitForDelivery } from '../helpers/event-rig';
import { createDatabase } from '../helpers/services';
import { WebhookReceiver, type ReceivedWebhook } from '../helpers/webhook-receiver';
import { startWebhookRig, type WebhookRig, type WebhookRow } from '../helpers/webhook-rig';

const SECRETS = [1, 2].map((byte) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`);
const CHAT = '5511988887777@s.whatsapp.net';

describe('durable webhooks', () => {
  let rig: WebhookRig;
  let databaseUrl: string;
  let receiver: WebhookReceiver;
  let second: WebhookReceiver;
  const table = new Map<string, WebhookRow>();
  let instance = '';
  let round = 0;

  beforeAll(async () => {
    databaseUrl = await createDatabase();
    rig = await startWebhookRig({ databaseUrl, table, secrets: SECRETS, maxAttempts: 3, timeoutMs: 500 });
  });
  afterAll(async () => {
    await rig.stop();
  });

  beforeEach(async () => {
    [receiver, second] = await Promise.all([WebhookReceiver.start(), WebhookReceiver.start()]);
    instance = `shop${(round += 1)}`;
    rig.set(instance, { url: receiver.url });
  });
  afterEach(() => Promise.all([receiver.goAway(), second.goAway()]));

  const emit = (number: number, chat = CHAT) => rig.emit(number, chat, instance);
  const numbers = ({ received }: WebhookReceiver) => received.map(({ body }) => body.data.number);
  const reasons = async () => {
    const dead = await rig.database.deadLetters.list({ instance }, { afterSeq: 0, throughSeq: 1e9, rows: 100 });
    return dead.map(({ lastError }) => lastError);
  };
  const receive = async (count: number, from = receiver): Promise<ReceivedWebhook[]> => {
    await from.until(({ received }) => received.length >= count);
    return from.received;
  };

  it('an event carries its id, the time of the attempt, its place in the chat, and a signature of each secret', async () => {
    await emit(1);
    await emit(2);
    const [first, next] = await receive(2);
    for (const secret of SECRETS) {
      const signed = first?.headers as Record<string, string>;
      expect(() => new Webhook(secret).verify(first?.text ?? '', signed)).not.toThrow();
      expect(() => new Webhook(secret).verify(`${first?.text} `, signed)).toThrow('No matching signature');
    }
    expect(first?.headers).toMatchObject({
      'webhook-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
      'guard-instance': instance,
      'guard-chat': CHAT,
      'guard-chat-sequence': '1',
    });
    expect([next?.headers['guard-chat-sequence'], next?.messageId === first?.messageId]).toEqual(['2', false]);
  });

  it('names that a header cannot hold are percent-encoded', async () => {
    const name = `loja são 100% ${instance}`;
    table.set(name, { url: receiver.url });
    await rig.emit(1, '群@g.us', name);
    const [request] = await receive(1);
    const { 'guard-instance': encoded, 'guard-chat': chat } = request?.headers as Record<string, string>;
    expect([encoded, chat].map((text) => decodeURIComponent(text ?? ''))).toEqual([name, '群@g.us']);
  });

  it('an attempt that failed is made again with the same id and a newer time', async () => {
    const asked: ReceivedWebhook[] = [];
    receiver.behave = (request) => (asked.push(request), { status: asked.length === 1 ? 500 : 200 });
    await emit(1);
    await receive(1);
    const [first, again] = asked.map(({ headers }) => headers);
    expect(again?.['webhook-id']).toBe(first?.['webhook-id']);
    expect(Number(again?.['webhook-timestamp'])).toBeGreaterThanOrEqual(Number(first?.['webhook-timestamp']));
    expect(rig.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it.each([400, 401, 404, 301])(
    'after some answers of %i an event becomes a dead letter, and its chat goes on',
    async (status) => {
      receiver.behave = ({ body }) => ({ status: body.data.number === 1 ? status : 200 });
      await Promise.all([emit(1), emit(2), emit(3)]);
      await receive(2);
      await waitForDelivery(rig);
      expect([numbers(receiver), receiver.asked]).toEqual([[2, 3], 5]);
      expect(await reasons()).toEqual([`GUARD_WEBHOOK_REFUSED: ${new URL(receiver.url).origin} answered ${status}.`]);
    },
  );

  it.each([408, 425, 429, 500, 503])('an answer of %i is waited for, however often it comes', async (status) => {
    receiver.behave = () => ({ status: receiver.asked <= 5 ? status : 200 });
    await emit(1);
    await receive(1);
    await waitForDelivery(rig);
    expect([receiver.asked, await reasons()]).toEqual([6, []]);
  });

  it('a receiver that asks for it is left alone as long as it asks, whatever the chat', async () => {
    let allowedAt = Infinity;
    let early = 0;
    receiver.behave = () => {
      if (allowedAt === Infinity) {
        allowedAt = Date.now() + 1_000;
        return { status: 429, headers: { 'retry-after': '1' } };
      }
      if (Date.now() < allowedAt) early += 1;
      return { status: 200 };
    };
    await emit(1);
    await receiver.until(({ asked }) => asked === 1);
    for (let number = 2; number <= 20; number += 1) await emit(number, `${number}@g.us`);
    await receive(20);
    expect([early, receiver.asked]).toEqual([0, 21]);
  });

  it('URL and headers are those of the moment: what waits for a dead receiver goes to its successor, in order', async () => {
    receiver.behave = () => ({ status: 500 });
    rig.set(instance, { url: receiver.url, headers: { apikey: 'old' } });
    for (let number = 1; number <= 30; number += 1) await emit(number, `${number % 10}@g.us`);
    await receiver.until(({ asked }) => asked >= 10);
    rig.set(instance, { url: second.url, headers: { apikey: 'new' }, webhookByEvents: true });
    for (let number = 31; number <= 40; number += 1) await emit(number, `${number % 10}@g.us`);
    const moved = await receive(40, second);
    expect(moved.every(({ path, headers }) => path === '/hook/send-message' && headers.apikey === 'new')).toBe(true);
    for (let chat = 0; chat < 10; chat += 1) {
      const ofChat = numbers(second).filter((number) => Number(number) % 10 === chat);
      expect(ofChat).toEqual([0, 10, 20, 30].map((tens) => tens + (chat || 10)));
    }
    expect(receiver.received).toEqual([]);
  });

  it('what waits for a webhook that is switched off becomes dead letters, which go out when it is on again', async () => {
    receiver.behave = () => ({ status: 503 });
    await Promise.all([emit(1), emit(2)]);
    await receiver.until(({ asked }) => asked > 0);
    rig.set(instance, { url: receiver.url, enabled: false });
    await waitForDelivery(rig);
    const off = `GUARD_WEBHOOK_OFF: The webhook of ${instance} is off.`;
    expect(await reasons()).toEqual([off, off]);
    receiver.behave = () => ({ status: 200 });
    rig.set(instance, { url: receiver.url });
    const redriven = await rig.database.deadLetters.redrive(
      { instance },
      { afterSeq: 0, throughSeq: 1e9, rows: 10 },
      { dryRun: false, maxBytes: 1e6 },
    );
    expect(redriven).toHaveLength(2);
    await receive(2);
    expect(numbers(receiver)).toEqual([1, 2]);
  });

  it('events of an instance that is deleted meanwhile still go where they were meant to, with the headers last seen', async () => {
    receiver.behave = () => ({ status: receiver.asked === 1 ? 503 : 200 });
    rig.set(instance, { url: receiver.url, headers: { apikey: 'k' }, webhookByEvents: true });
    await emit(1);
    table.delete(instance);
    const [request] = await receive(1);
    expect([request?.path, request?.headers.apikey]).toEqual(['/hook/send-message', 'k']);
  });

  it('if their receiver is away too, they are tried a limited number of times', async () => {
    receiver.behave = () => ({ status: 503 });
    await emit(1);
    await receiver.until(({ asked }) => asked > 0);
    table.delete(instance);
    await waitForDelivery(rig);
    const { origin } = new URL(receiver.url);
    expect(await reasons()).toEqual([`GUARD_WEBHOOK_GONE: ${origin}: ${origin} answered 503.`]);
  });

  it('a header that makes no request parks the events, and what waits behind them, with its reason', async () => {
    rig.set(instance, { url: receiver.url, headers: { jwt_key: 7 } });
    await emit(1);
    await waitForDelivery(rig);
    rig.set(instance, { url: receiver.url, headers: { 'no token': 'x' } });
    await emit(2);
    await waitForDelivery(rig);
    expect(await reasons()).toEqual([
      'GUARD_WEBHOOK_SETTINGS: The header jwt_key is no text.',
      expect.stringContaining('GUARD_WEBHOOK_SETTINGS: '),
    ]);
    expect(receiver.asked).toBe(0);
  });

  it('neither the outbox nor the log has headers, paths or credentials of a webhook', async () => {
    const url = `${receiver.url}/secret-path?key=secret-query`.replace('//', '//user:secret-word@');
    receiver.behave = () => ({ status: 400 });
    rig.set(instance, { url, headers: { apikey: 'secret-header', jwt_key: 'secret-key' } });
    await emit(1);
    await waitForDelivery(rig);
    const log = JSON.stringify(rig.log.lines);
    expect([...(await reasons()), log].join()).not.toContain('secret-');
  });
});

describe('the global webhook', () => {
  it('gets events of all instances, with the same id as the webhook of the instance, at its own pace', async () => {
    const [own, shared] = await Promise.all([WebhookReceiver.start(), WebhookReceiver.start()]);
    const table = new Map([['shop', { url: own.url }]]);
    const rig = await startWebhookRig({
      databaseUrl: await createDatabase(),
      table,
      global: { URL: shared.url, ENABLED: true, WEBHOOK_BY_EVENTS: true },
    });
    own.behave = () => ({ status: 503 });
    await rig.emit(1, CHAT);
    await rig.emit(2, CHAT, 'stall');
    await shared.until(({ received }) => received.length === 2);
    own.behave = () => ({ status: 200 });
    await own.until(({ received }) => received.length === 1);
    await rig.stop();
    await Promise.all([own.goAway(), shared.goAway()]);
    const [first, other] = shared.received;
    expect(own.received[0]?.messageId).toBe(first?.messageId);
    expect(own.received[0]?.text).toBe(first?.text);
    expect([first?.path, first?.body.destination]).toEqual(['/hook/send-message', own.url]);
    expect(other?.body.destination).toBe(`${shared.url}/send-message`);
  });

  it('switched off with events waiting, it parks them', async () => {
    const databaseUrl = await createDatabase();
    const receiver = await WebhookReceiver.start();
    receiver.behave = () => ({ status: 503 });
    const on = { databaseUrl, table: new Map<string, WebhookRow>(), global: { URL: receiver.url, ENABLED: true } };
    const before = await startWebhookRig(on);
    await before.emit(1, CHAT);
    await receiver.until(({ asked }) => asked > 0);
    await before.stop();
    const after = await startWebhookRig({ ...on, global: { URL: receiver.url, ENABLED: false } });
    await waitForDelivery(after);
    const [dead] = await after.database.deadLetters.list({}, { afterSeq: 0, throughSeq: 10, rows: 10 });
    await after.stop();
    await receiver.goAway();
    expect(dead).toMatchObject({ sink: 'webhook-global', lastError: 'GUARD_WEBHOOK_OFF: The global webhook is off.' });
  });
});
