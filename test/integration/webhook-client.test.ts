import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { ReceiverUnavailable, Refused } from '../../src/events/sink';
import { createWebhookClient, type WebhookClient } from '../../src/events/sinks/webhook-client';
import { WebhookReceiver } from '../helpers/webhook-receiver';

const BODY = Buffer.from('{"event":"send.message","text":"café"}');

describe('the client of webhooks', () => {
  let receiver: WebhookReceiver;
  let client: WebhookClient;

  beforeEach(async () => {
    receiver = await WebhookReceiver.start();
    client = createWebhookClient(500);
  });

  afterEach(async () => {
    client.close();
    await receiver.goAway();
  });

  const post = (url = receiver.url, headers: Record<string, unknown> = {}) => client.post(url, headers, BODY);
  const outcome = (url: string, headers: Record<string, unknown> = {}) =>
    post(url, headers).then(
      ({ status }) => status,
      (error: unknown) => (error instanceof Refused ? error.code : (error as Error).name),
    );

  it('posts the text byte by byte as JSON, with the headers of the operator, whatever their values are', async () => {
    await post(receiver.url, { 'X-Number': 7, 'x-key': 'sécret', none: null, Accept: 'text/plain' });
    expect(receiver.received).toMatchObject([
      {
        method: 'POST',
        path: '/hook',
        text: BODY.toString(),
        headers: { 'content-type': 'application/json', 'x-number': '7', accept: 'text/plain' },
      },
    ]);
    expect(receiver.received[0]?.headers).not.toHaveProperty('none');
  });

  it('a content type that the operator sets stays', async () => {
    await post(receiver.url, { 'content-type': 'application/vnd.shop+json' });
    expect(receiver.received[0]?.headers['content-type']).toBe('application/vnd.shop+json');
  });

  it('credentials in the URL become basic authentication', async () => {
    const url = Object.assign(new URL(receiver.url), { username: 'shop', password: 'secret' }).href;
    await post(url);
    const encoded = Buffer.from('shop:secret').toString('base64');
    expect(receiver.received[0]?.headers.authorization).toBe(`Basic ${encoded}`);
  });

  it.each([307, 308])('a redirect by %i is followed with method, body and headers', async (status) => {
    receiver.behave = ({ path }) => (path === '/hook' ? { status, headers: { location: '/moved' } } : { status: 201 });
    await expect(post(receiver.url, { apikey: 'k', Authorization: 'Bearer t' })).resolves.toMatchObject({
      status: 201,
    });
    expect(receiver.received).toMatchObject([
      { method: 'POST', path: '/moved', text: BODY.toString(), headers: { apikey: 'k', authorization: 'Bearer t' } },
    ]);
  });

  it('a redirect to another server does not take the authorization along', async () => {
    const other = await WebhookReceiver.start();
    receiver.behave = () => ({ status: 307, headers: { location: other.url } });
    await post(receiver.url, { Authorization: 'Bearer t', Cookie: 'c=1' });
    await other.goAway();
    const [request] = other.received;
    expect([request?.text, request?.headers.authorization, request?.headers.cookie]).toEqual([
      BODY.toString(),
      undefined,
      undefined,
    ]);
  });

  it.each([301, 302, 303])('a redirect by %i is not followed, as a GET would lose the event', async (status) => {
    receiver.behave = () => ({ status, headers: { location: '/moved' } });
    await expect(post()).resolves.toMatchObject({ status });
    expect(receiver.asked).toBe(1);
  });

  it.each([
    ['to no HTTP', 'file:///etc/passwd'],
    ['that never end', '/hook'],
    ['to what is no URL', 'http://['],
  ])('redirects %s are a refusal', async (_, location) => {
    receiver.behave = () => ({ status: 308, headers: { location } });
    await expect(outcome(receiver.url)).resolves.toBe('GUARD_WEBHOOK_REFUSED');
  });

  it.each([
    ['a URL that cannot be read', 'http://[', {}],
    ['a header name that HTTP has no form for', undefined, { 'my header': 'x' }],
  ])('%s is a mistake in the settings', async (_, url, headers) => {
    await expect(outcome(url ?? receiver.url, headers)).resolves.toBe('GUARD_WEBHOOK_SETTINGS');
  });

  it.each(['hang', 'reset'] as const)('a receiver that does %s is unavailable', async (behaviour) => {
    receiver.behave = () => behaviour;
    await expect(post()).rejects.toThrow(ReceiverUnavailable);
  });

  it('a port where nobody listens, and a name that does not exist, are unavailable', async () => {
    await receiver.goAway();
    await expect(outcome(receiver.url)).resolves.toBe('ReceiverUnavailable');
    await expect(outcome('http://nobody.invalid/')).resolves.toBe('ReceiverUnavailable');
  });

  it('what does not speak HTTP is unavailable', async () => {
    const server = await babbling();
    const { port } = server.address() as AddressInfo;
    await expect(outcome(`http://127.0.0.1:${port}/`)).resolves.toBe('ReceiverUnavailable');
    await expect(outcome(`https://127.0.0.1:${port}/`)).resolves.toBe('ReceiverUnavailable');
    server.close();
  });

  it('the head of an answer counts, however long or slow its body is', async () => {
    const endless = await babbling('HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\nfirst bytes');
    const { port } = endless.address() as AddressInfo;
    await expect(post(`http://127.0.0.1:${port}/`)).resolves.toMatchObject({ status: 200 });
    receiver.behave = () => ({ status: 200, body: Buffer.alloc(10_000_000) });
    await expect(post()).resolves.toMatchObject({ status: 200 });
    await expect(post()).resolves.toMatchObject({ status: 200 });
    client.close();
    endless.close();
  });

  it('goes through the proxy of the environment, as the host does', async () => {
    const { http_proxy, no_proxy } = process.env;
    Object.assign(process.env, { http_proxy: receiver.url, no_proxy: '' });
    try {
      await expect(outcome('http://shop.invalid/hook')).resolves.toBe(200);
    } finally {
      for (const [name, value] of Object.entries({ http_proxy, no_proxy })) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
    expect(receiver.received).toMatchObject([{ path: 'http://shop.invalid/hook', text: BODY.toString() }]);
  });

  it('its connections are used again', async () => {
    receiver.behave = () => ({ status: 200, body: 'a short answer' });
    for (const request of [1, 2, 3]) {
      await post();
      await receiver.until(({ received }) => received.length === request);
      await new Promise((resolve) => setTimeout(resolve, 50)); // for the connection to be free again
    }
    expect(new Set(receiver.received.map(({ clientPort }) => clientPort)).size).toBe(1);
  });
});

/** Says the same to whoever connects, at once. */
async function babbling(text = 'good morning\r\n\r\n'): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(text));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
