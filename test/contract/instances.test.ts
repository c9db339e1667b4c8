import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import type { Backends } from '../../scripts/host/environment';
import { REFERENCE_HOST } from '../../scripts/host/program';
import type { RunningHost } from '../../scripts/host/running-host';
import { createBackends, createInstance, eventually, newName, program, startHost } from './host-under-test';

const CHAT = '5511988887777';
const TABLES = ['Message', 'Setting', 'Rabbitmq', 'Session', 'Chat', 'Contact'];

interface Line {
  id: string;
  name: string;
  state: string;
}

// The stand-in has no tables of instances: this is for a checkout.
const onCheckout = program === REFERENCE_HOST ? describe.skip : describe;

onCheckout(`${program.name}, guarded, and its instances`, () => {
  let backends: Backends;
  let host: RunningHost;
  let database: Client;

  beforeAll(async () => {
    backends = await createBackends();
    host = await startHost({ ...backends, guarded: true });
    database = new Client({ connectionString: backends.databaseUrl });
    await database.connect();
  });

  afterAll(async () => {
    await database.end();
    await host.stop();
  });

  const ask = async (method: string, path: string, body?: object) => {
    const headers = { apikey: host.apiKey, 'content-type': 'application/json' };
    const answer = await fetch(`${host.url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    return { status: answer.status, body: await answer.json() };
  };
  const listed = async () => ((await ask('GET', '/guard/instances')).body as { instances: Line[] }).instances;
  const shown = async () => ((await ask('GET', '/instance/fetchInstances')).body as Line[]).map(({ name }) => name);
  const rowsOf = async (id: string) => {
    const counts = TABLES.map((table) => {
      const key = table === 'Session' ? 'sessionId' : 'instanceId';
      return `SELECT '${table}' AS t, count(*)::int AS n FROM "${table}" WHERE "${key}" = $1`;
    });
    return (await database.query<{ t: string; n: number }>(`${counts.join(' UNION ALL ')} ORDER BY 1`, [id])).rows;
  };
  const idOf = async (name: string) => (await listed()).find((line) => line.name === name)?.id ?? '';

  it('are hidden by a delete with every row, leave their name free, and come back', async () => {
    const name = await createInstance(host, 'deleted');
    for (const text of ['one', 'two']) await host.sendText(name, CHAT, text);
    const id = await idOf(name);
    await eventually(async () => (await rowsOf(id)).some(({ t, n }) => t === 'Message' && n === 2));
    const before = await rowsOf(id);
    expect((await ask('DELETE', `/instance/delete/${name}`)).status).toBe(200);
    expect(await shown()).not.toContain(name);
    expect((await ask('GET', `/instance/connectionState/${name}`)).status).toBe(404);
    expect((await listed()).find((line) => line.id === id)).toMatchObject({ name, state: 'deleted' });
    expect(await rowsOf(id)).toEqual(before);

    await host.createInstance(name, { rabbitmq: ['SEND_MESSAGE'] });
    expect((await ask('POST', `/guard/instances/${id}/restore`, {})).status).toBe(409);
    const as = newName('restored');
    expect(await ask('POST', `/guard/instances/${id}/restore`, { as })).toEqual({
      status: 200,
      body: { id, name: as },
    });
    expect(await rowsOf(id)).toEqual(before);
    expect(await shown()).toEqual(expect.arrayContaining([name, as]));
    expect(await host.sendText(as, CHAT, 'three')).toEqual(expect.any(String));
  });

  it('stay hidden over a restart, and are gone when they are purged', async () => {
    const name = await createInstance(host, 'purged');
    await host.sendText(name, CHAT, 'one');
    const id = await idOf(name);
    await ask('DELETE', `/instance/delete/${name}`);
    await host.kill();
    await host.restart();
    expect(await shown()).not.toContain(name);
    const { body } = await ask('POST', `/guard/instances/${name}/purge`, { dryRun: true });
    expect(body).toMatchObject({ id, rows: { Message: 1 } });
    expect((await ask('POST', `/guard/instances/${name}/purge`, {})).status).toBe(202);
    await eventually(async () => !(await listed()).some((line) => line.id === id));
    expect((await rowsOf(id)).every(({ n }) => n === 0)).toBe(true);
  });
});
