import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import type { Backends } from '../../scripts/host/environment';
import type { RunningHost } from '../../scripts/host/running-host';
import { createBackends, createInstance, program, startHost } from './host-under-test';

describe(`${program.name}, patched and switched off`, () => {
  let backends: Backends;
  let host: RunningHost;

  beforeAll(async () => {
    backends = await createBackends();
    // A mistake in a setting of the plugin is nobody's business while it is off: the host must start.
    host = await startHost({ ...backends, guarded: false, variables: { GUARD_RELAY_WINDOW: 'zero' } });
  });

  afterAll(() => host.stop());

  it('has no route under /guard', async () => {
    const unknown = await host.get('/no/such/route');
    for (const path of ['/guard/health', '/guard/metrics', '/guard']) {
      const answer = await host.get(path);
      expect(answer.status).toBe(404);
      expect(Object.keys((await answer.json()) as object)).toEqual(['status', 'error', 'response']);
    }
    expect(unknown.status).toBe(404);
  });

  it('sends, and creates nothing in the database', async () => {
    const instance = await createInstance(host, 'plain');
    await host.sendText(instance, '5511988887777', 'as always');
    const client = new Client({ connectionString: backends.databaseUrl });
    await client.connect();
    const { rows } = await client.query(
      "SELECT FROM information_schema.schemata WHERE schema_name = 'evolution_guard'",
    );
    await client.end();
    expect(rows).toHaveLength(0);
  });
});
