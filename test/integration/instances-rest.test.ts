import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OutboxTools } from '../../src/console/dead-letters';
import { createRouter } from '../../src/console/router';
import type { Status } from '../../src/console/status';
import { GuardError } from '../../src/core/errors';
import { createMetrics } from '../../src/metrics/metrics';
import { openInstanceRig, type InstanceRig } from '../helpers/instance-rig';
import { DATABASES } from '../helpers/test-store';
import { until } from '../helpers/until';

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

describe.each(DATABASES)('the routes of instances, on $kind,', ({ create }) => {
  let rig: InstanceRig;
  let server: Server;
  const exported = (name: string) =>
    name.endsWith('-plain')
      ? Promise.reject(new GuardError('GUARD_INSTANCE_EXPORT', 'There is no key.'))
      : Promise.resolve({ name: `${name}.backup`, body: Buffer.from(JSON.stringify({ of: name })) });
  let instances: Awaited<ReturnType<InstanceRig['start']>>['instances'];

  beforeAll(async () => {
    rig = await openInstanceRig(await create());
    ({ instances } = await rig.start());
    const tools = { store: rig.store.instances, host: rig.rows, clientName: 'client', instances, exported };
    const app = express();
    const router = [{} as Status, createMetrics(), {} as OutboxTools, undefined, undefined, tools] as const;
    app.use('/guard', createRouter('the key', ...router));
    server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(() => until(async () => (await rig.store.instances.operations()).length === 0));

  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    await rig.stop();
    await rig.close();
  });

  async function ask(
    path: string,
    { method = 'GET', body, key = 'the key' }: { method?: string; body?: unknown; key?: string } = {},
  ) {
    const { port } = server.address() as AddressInfo;
    const headers = { apikey: key, 'content-type': 'application/json' };
    const sent = request({ port, host: '127.0.0.1', path: `/guard/instances${path}`, method, headers, agent: false });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(sent, 'response')) as [AsyncIterable<Buffer> & { statusCode: number }];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    const answer = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
    return { status: response.statusCode, body: answer } satisfies Answer;
  }
  const post = (path: string, body?: unknown) => ask(path, { method: 'POST', body });
  const messageOf = ({ body }: Answer) => String((body.response as { message: string[] }).message);
  const deleted = async (shop: { name: string }) => instances.happened(shop.name, 'user delete');

  it.each([
    ['GET', ''],
    ['GET', '/shop'],
    ['GET', '/shop/export'],
    ['POST', '/shop/restore'],
    ['POST', '/shop/purge'],
  ])('ask for the API key at %s %s', async (method, path) => {
    expect(await ask(path, { method, key: 'wrong' })).toMatchObject({ status: 401 });
  });

  it('list those that are there by name, then those that were deleted, without any secret', async () => {
    const [known, fresh, gone] = [await rig.add(), await rig.add(), await rig.add()];
    const state = { state: 'open', reason: 'connected', owner: randomUUID() } as const;
    await rig.store.instances.changeState({ instanceId: known.id, name: known.name, ...state }, 0);
    await deleted(gone);
    const { status, body } = await ask('');
    const list = body.instances as { id: string; name: string; deletedAt: string | null }[];
    expect(status).toBe(200);
    const of = (id: string) => list.find((each) => each.id === id);
    const time = expect.stringMatching(/^\d{4}-.*Z$/);
    const none = { deletedAt: null, purgeAfter: null };
    const common = { integration: 'WHATSAPP-BAILEYS', ...none };
    expect(of(known.id)).toEqual({
      ...{ id: known.id, name: known.name, state: 'open', version: 1, since: time, reason: 'connected', ...common },
    });
    expect(of(fresh.id)).toEqual({
      ...{ id: fresh.id, name: fresh.name, state: 'open', version: null, since: null, reason: null, ...common },
    });
    expect(of(gone.id)).toEqual({
      ...{ id: gone.id, name: gone.name, state: 'deleted', version: null, since: time, reason: null },
      ...{ integration: 'WHATSAPP-BAILEYS', deletedAt: time, purgeAfter: time },
    });
    const there = list.filter(({ deletedAt }) => deletedAt === null).map(({ name }) => name);
    expect(there).toEqual([...there].sort());
    expect(list.at(-1)?.id).toBe(gone.id);
    expect(JSON.stringify(list)).not.toMatch(/token|creds|5511/);
  });

  it('show the life of one by its name or id, page by page', async () => {
    const shop = await rig.add();
    await instances.happened(shop.name, 'QR limit');
    await instances.logout(shop.name, () => Promise.resolve());
    const answer = await ask(`/${shop.name}`);
    expect(await ask(`/${shop.id}`)).toEqual(answer);
    expect(answer).toMatchObject({
      status: 200,
      body: {
        ...{ id: shop.id, name: shop.name, state: 'close', work: [] },
        history: [
          { event: 'session reset', reason: 'user logout', version: null, name: shop.name },
          { event: 'kept', reason: 'QR limit' },
        ],
        credentials: [{ reason: 'user logout', isEncrypted: false, bytes: expect.any(Number) }],
      },
    });
    expect((await ask(`/${shop.name}?limit=1`)).body.history).toHaveLength(1);
    expect((await ask(`/${shop.name}?before=1`)).body.history).toEqual([]);
    expect(JSON.stringify(answer.body)).not.toMatch(/noiseKey|token of/);
    await deleted(shop);
    expect((await ask(`/${shop.name}`)).body).toMatchObject({ id: shop.id, state: 'deleted' });
  });

  it('hand one out as a file by its name or id, and none that could not be encrypted', async () => {
    const shop = await rig.add();
    const answer = { status: 200, body: { of: shop.name } };
    expect(await ask(`/${shop.name}/export`)).toEqual(answer);
    expect(await ask(`/${shop.id}/export`)).toEqual(answer);
    expect(await ask('/nobody/export')).toMatchObject({ status: 404 });
    await deleted(shop);
    expect(await post(`/${shop.id}/restore`, { as: `${shop.name}-plain` })).toMatchObject({ status: 200 });
    expect(await ask(`/${shop.id}/export`)).toMatchObject({ status: 409 });
  });

  it('restore a deleted one, under its name or another', async () => {
    const shop = await rig.add();
    await deleted(shop);
    expect(await post(`/${shop.name}/restore`)).toEqual({ status: 200, body: { id: shop.id, name: shop.name } });
    expect(await rig.rows.findByName(shop.name)).toMatchObject({ id: shop.id });
    await deleted(shop);
    const as = `${shop.name}-2`;
    expect(await post(`/${shop.id}/restore`, { as })).toEqual({ status: 200, body: { id: shop.id, name: as } });
    expect(await rig.rows.findByName(as)).toMatchObject({ id: shop.id });
  });

  it('answer 409 where the name is taken, is that of several, or something is being done', async () => {
    const [first, second, third] = [await rig.add(), await rig.add(), await rig.add()];
    await deleted(first);
    await rig.host.query(`UPDATE "Instance" SET "name" = '${first.name}' WHERE "id" = '${second.id}'`);
    const taken = await post(`/${first.name}/restore`);
    expect([taken.status, messageOf(taken)]).toEqual([409, expect.stringContaining('GUARD_INSTANCE_NAME_TAKEN')]);
    await instances.happened(first.name, 'user delete');
    for (const path of ['restore', 'purge']) {
      const several = await post(`/${first.name}/${path}`);
      expect([several.status, messageOf(several)]).toEqual([409, expect.stringContaining('GUARD_INSTANCE_AMBIGUOUS')]);
      expect(messageOf(several)).toContain(second.id);
    }
    expect((await ask(`/${first.name}`)).status).toBe(409);
    await deleted(third);
    const [id, owner] = [randomUUID(), randomUUID()];
    const work = { id, instanceId: third.id, name: third.name, kind: 'purge', step: 'rows', data: {} } as const;
    await rig.store.instances.begin(work, owner, 60_000);
    for (const path of ['restore', 'purge']) {
      const busy = await post(`/${third.id}/${path}`);
      expect([busy.status, messageOf(busy)]).toEqual([409, expect.stringContaining('purge of')]);
    }
    expect((await ask(`/${third.id}`)).body.work).toEqual([{ kind: 'purge', step: 'rows', attempts: 1, owner }]);
    await rig.store.instances.end(id, owner);
  });

  it('answer 404 to what nobody knows, and to a restore or purge of what was not deleted', async () => {
    const shop = await rig.add();
    const answers = [
      await ask('/nobody'),
      await post('/nobody/restore'),
      await post(`/${shop.name}/restore`),
      await post(`/${shop.name}/purge`),
      await post(`/${shop.id}/purge`, { dryRun: true }),
    ];
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 404, body: { status: 404, error: 'Not Found' } });
      expect(messageOf(answer)).toContain('GUARD_INSTANCE_UNKNOWN');
    }
    expect(await rig.rows.findByName(shop.name)).toMatchObject({ id: shop.id });
  });

  it('tell what a purge would delete, and begin one', async () => {
    const shop = await rig.add(5);
    await deleted(shop);
    const five = { Chat: 5, Contact: 5, IntegrationSession: 5, Message: 5, Media: 5 };
    const rows = { ...five, MessageUpdate: 10, Session: 1, Setting: 1, Webhook: 1 };
    expect(await post(`/${shop.name}/purge`, { dryRun: true })).toEqual({
      status: 200,
      body: { id: shop.id, name: shop.name, rows },
    });
    expect(await rig.rows.count(shop.id)).toEqual(rows);
    expect(await post(`/${shop.name}/purge`)).toEqual({ status: 202, body: { id: shop.id, name: shop.name } });
    await until(async () => (await rig.store.instances.operations()).length === 0);
    expect(await rig.rows.findById(shop.id)).toBeUndefined();
    expect(await post(`/${shop.name}/purge`)).toMatchObject({ status: 404 });
  });

  it.each<[string, unknown, string]>([
    ['/shop/restore', { as: '' }, 'as: '],
    ['/shop/restore', { as: 7 }, 'as: '],
    ['/shop/restore', { As: 'x' }, 'Unrecognized key: "As"'],
    ['/shop/purge', { dryRun: 'yes' }, 'dryRun: must be true or false'],
    ['/shop/purge', { dryrun: true }, 'Unrecognized key: "dryrun"'],
    ['/shop/purge', [true], 'expected object'],
    [`/${'x'.repeat(256)}/purge`, {}, '255'],
  ])('refuse POST %s with %j', async (path, body, reason) => {
    const answer = await post(path, body);
    expect(answer).toMatchObject({ status: 400, body: { status: 400, error: 'Bad Request' } });
    expect(messageOf(answer)).toContain(reason);
  });

  it.each([
    ['?state=open', 'Unrecognized key: "state"'],
    ['/shop?limit=0', 'limit: must be a whole number from 1 to 1000'],
    ['/shop?before=x', 'before: must be a whole number'],
    ['/shop?page=2', 'Unrecognized key: "page"'],
  ])('refuse GET %s', async (path, reason) => {
    const answer = await ask(path);
    expect([answer.status, messageOf(answer)]).toEqual([400, expect.stringContaining(reason)]);
  });
});
