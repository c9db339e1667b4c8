import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createStateDoor } from '../../src/console/state-door';
import { MemoryInstances } from '../helpers/memory-instances';

const SINCE = Date.UTC(2026, 0, 31, 12);

describe('what the host answers about connections', () => {
  let instances: MemoryInstances;
  let server: Server;
  let isGuarded: (name: string) => boolean;
  /** What the host would answer. */
  let host: { status: number; body: unknown };

  beforeAll(async () => {
    const app = express();
    const options = {
      store: { states: (ids: readonly string[]) => instances.store.states(ids) },
      idOf: (name: string) => (name === 'unloaded' ? undefined : `id-${name}`),
      isGuarded: (name: string) => isGuarded(name),
    };
    app.use('/instance', createStateDoor(options));
    app.use((_request, response) => void response.status(host.status).json(host.body));
    server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterAll(() => new Promise((resolve) => server.close(resolve)));

  beforeEach(async () => {
    instances = new MemoryInstances(() => SINCE);
    isGuarded = () => true;
    const change = { instanceId: 'id-shop', name: 'shop', owner: 'a process' };
    await instances.store.changeState({ ...change, state: 'connecting', reason: 'connecting' }, 0);
    await instances.store.changeState({ ...change, state: 'open', reason: 'connected' }, 1);
    instances.asked.length = 0;
  });

  const ask = async (path: string, method = 'GET') => {
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return { status: answer.status, body: await answer.json() };
  };
  /** The host answers this, and the caller gets that. */
  const answers = async (path: string, body: unknown, expected: unknown = body, method?: string) => {
    host = { status: 200, body };
    expect(await ask(path, method)).toEqual({ status: 200, body: expected });
  };
  const known = { version: 2, since: '2026-01-31T12:00:00.000Z', reason: 'connected' };
  const stateOf = (instanceName: string, state = 'close') => ({ instance: { instanceName, state } });

  it('has the state that all processes know, since when, why, and its version', async () => {
    const expected = { instance: { instanceName: 'shop', state: 'open', ...known } };
    await answers('/instance/connectionState/shop', stateOf('shop'), expected);
    await answers('/INSTANCE/connectionstate/shop/?x=1', stateOf('shop'), expected);
  });

  it('has it for every instance of a list that is known, and the host’s other fields as they were', async () => {
    const row = { id: 'id-shop', name: 'shop', connectionStatus: 'close', profileName: 'Shop', Setting: { a: 1 } };
    const others = [{ id: 'id-new', name: 'new', connectionStatus: 'connecting' }, { odd: true }, null];
    await answers(
      '/instance/fetchInstances?instanceName=shop',
      [row, ...others],
      [{ ...row, connectionStatus: 'open', ...known }, ...others],
    );
    expect(instances.asked).toEqual(['states']);
  });

  it('is the host’s own where nothing is known of the instance', async () => {
    await answers('/instance/connectionState/new', stateOf('new'));
    await answers('/instance/connectionState/unloaded', { instance: { instanceName: 'unloaded' } });
    await answers('/instance/fetchInstances', []);
    await answers('/instance/fetchInstances', 'odd');
  });

  it('is the host’s own where the instance is not in the rollout any more', async () => {
    isGuarded = () => false;
    await answers('/instance/connectionState/shop', stateOf('shop'));
    await answers('/instance/fetchInstances', [{ id: 'id-shop', name: 'shop', connectionStatus: 'close' }]);
    expect(instances.asked).toEqual([]);
  });

  it('is the host’s own where the database fails, or takes longer than half a second', async () => {
    instances.before = () => {
      throw new Error('the database is away');
    };
    await answers('/instance/connectionState/shop', stateOf('shop'));
    instances.before = () => new Promise(() => undefined);
    const since = performance.now();
    await answers('/instance/fetchInstances', [{ id: 'id-shop', name: 'shop', connectionStatus: 'close' }]);
    expect(performance.now() - since).toBeLessThan(2_000);
  });

  it('is untouched where the host refuses the caller', async () => {
    host = { status: 401, body: { status: 401, error: 'Unauthorized', instance: { instanceName: 'shop' } } };
    expect(await ask('/instance/connectionState/shop')).toEqual(host);
    expect(instances.asked).toEqual([]);
  });

  it('is untouched on every other route', async () => {
    await answers('/instance/connect/shop', stateOf('shop'));
    await answers('/instance/connectionState/shop', stateOf('shop'), stateOf('shop'), 'POST');
    await answers('/chat/connectionState/shop', stateOf('shop'));
    expect(instances.asked).toEqual([]);
  });
});
