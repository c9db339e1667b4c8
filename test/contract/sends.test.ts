import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import type { Backends } from '../../scripts/host/environment';
import type { RunningHost } from '../../scripts/host/running-host';
import { pipeline, type PipelinedRequest } from '../helpers/pipeline';
import type { QueueReader } from '../helpers/queue-reader';
import { sharedRedis } from '../helpers/services';
import { createBackends, createInstance, eventually, program, readSends, startHost } from './host-under-test';

const CHAT = '5511988887777';
const ENDED = "state IN ('sent', 'server_ack', 'delivered', 'read')";

const textsOf = ({ received }: Pick<QueueReader, 'received'>) =>
  received.map(({ body }) => (body.data['message'] as { conversation: string }).conversation);

describe(`${program.name}, guarded, and its sends`, () => {
  let backends: Backends;
  let host: RunningHost;
  let database: Client;

  beforeAll(async () => {
    backends = await createBackends();
    const variables = { GUARD_LOCK_REDIS_URIS: await sharedRedis() };
    host = await startHost({ ...backends, guarded: true, variables });
    database = new Client({ connectionString: backends.databaseUrl });
    await database.connect();
  });

  afterAll(async () => {
    await database.end();
    await host.stop();
  });

  const request = (instance: string, body: object): PipelinedRequest => ({
    path: `/message/sendText/${instance}`,
    body,
    headers: { apikey: host.apiKey },
  });

  /** How many of an instance's sends are in the journal with that state. */
  async function count(instance: string, condition: string): Promise<number> {
    const sql = `SELECT count(*)::int AS sends FROM evolution_guard.send WHERE instance = $1 AND ${condition}`;
    return (await database.query<{ sends: number }>(sql, [instance])).rows[0]?.sends ?? 0;
  }

  it('keep their order, asked for 2 ms apart, whatever typing takes', async () => {
    const instance = await createInstance(host, 'ordered');
    const reader = await readSends(backends.brokerUrl, instance);
    const texts = Array.from({ length: 50 }, (_, number) => `message ${number}`);
    const spellings = [CHAT, `+55 (11) 98888-7777`, '551188887777', `${CHAT}@s.whatsapp.net`];
    const requests = texts.map((text, number) => {
      const delay = number % 5 === 0 ? 30 : number % 7;
      return request(instance, { number: spellings[number % spellings.length], text, delay });
    });
    const answers = await pipeline(host.url, requests, 2);
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(50).fill(201));
    await reader.until(({ length }) => length >= 50);
    await reader.close();
    expect(textsOf(reader)).toEqual(texts);
    await eventually(async () => (await count(instance, ENDED)) === 50);
  });

  it.each<[string, object, (answer: number) => boolean]>([
    ['an empty number', { number: '', text: 'hello' }, (status) => status === 400],
    ['a list of numbers', { number: [CHAT, '5511988887778'], text: 'hello' }, (status) => status === 400],
    ['words for a number', { number: 'everybody', text: 'hello' }, (status) => status === 400],
    ['no number', { text: 'hello' }, (status) => status === 400],
    ['a text of a million characters', { number: CHAT, text: 'x'.repeat(1_000_000) }, (status) => status === 413],
  ])('are refused with a clear answer where they ask for %s, and nothing is sent', async (_what, body, isRight) => {
    const instance = await createInstance(host, 'refusing');
    const reader = await readSends(backends.brokerUrl, instance);
    const [answer] = await pipeline(host.url, [request(instance, body)]);
    const { status, error, response } = answer?.body as {
      status: number;
      error: string;
      response: { message: unknown };
    };
    expect([isRight(status), answer?.status]).toEqual([true, status]);
    expect(error).toMatch(/^(Bad Request|Payload Too Large)$/);
    expect(JSON.stringify(response.message)).toMatch(/\w{3}/);
    await host.sendText(instance, CHAT, 'the only one');
    await reader.until(({ length }) => length > 0);
    await reader.close();
    expect(textsOf(reader)).toEqual(['the only one']);
    expect(await count(instance, 'true')).toBe(1);
  });

  it('that wait when the host is killed are made when it is back, in order', async () => {
    const instance = await createInstance(host, 'killed');
    const reader = await readSends(backends.brokerUrl, instance);
    const texts = Array.from({ length: 10 }, (_, number) => `message ${number}`);
    const asked = texts.map((text, number) => {
      return request(instance, { number: CHAT, text, ...(number === 0 && { delay: 60_000 }) });
    });
    const answers = pipeline(host.url, asked).catch(() => 'nobody answers');
    await eventually(async () => (await count(instance, "state = 'sending'")) === 1);
    await eventually(async () => (await count(instance, "state = 'accepted'")) === 9);
    await host.kill();
    expect(await answers).toBe('nobody answers');
    await database.query("UPDATE evolution_guard.send_worker SET expires_at = now() - interval '1 second'");
    await host.restart();
    await reader.until(({ length }) => length >= 9);
    await host.sendText(instance, CHAT, 'new');
    await reader.until(({ length }) => length >= 10);
    await reader.close();
    // The first was being sent: whether it went out nobody can know, so it is not sent again.
    expect(textsOf(reader)).toEqual([...texts.slice(1), 'new']);
    await eventually(async () => (await count(instance, ENDED)) === 10);
    expect(await count(instance, "state = 'unknown'")).toBe(1);
  });

  it('that wait when the host is told to end are made when it is back, in order', async () => {
    const instance = await createInstance(host, 'stopped');
    const reader = await readSends(backends.brokerUrl, instance);
    const texts = Array.from({ length: 10 }, (_, number) => `message ${number}`);
    const asked = texts.map((text, number) => {
      return request(instance, { number: CHAT, text, ...(number === 0 && { delay: 500 }) });
    });
    const answers = pipeline(host.url, asked).catch(() => []);
    await eventually(async () => (await count(instance, "state = 'accepted'")) === 9);
    await host.restart(); // SIGTERM, and a new start
    await answers;
    await reader.until(({ length }) => length >= 10);
    await reader.close();
    expect(textsOf(reader)).toEqual(texts);
    await eventually(async () => (await count(instance, ENDED)) === 10);
  });
});
