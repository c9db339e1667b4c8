import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Backends } from '../../scripts/host/environment';
import type { RunningHost } from '../../scripts/host/running-host';
import { startPostgres, type RunningService } from '../helpers/services';
import {
  createBackends,
  createInstance,
  eventually,
  messageIds,
  program,
  readSends,
  startHost,
} from './host-under-test';

const SENDS = 20;

describe(`${program.name}, guarded, with the database of the outbox away`, () => {
  let database: RunningService;
  let backends: Backends;
  let host: RunningHost;

  beforeAll(async () => {
    database = await startPostgres({ private: true });
    backends = await createBackends();
    // Guarded sends are refused while the database is away: without them events go on.
    const variables = { GUARD_DATABASE_URI: database.url, GUARD_SENDS: 'false' };
    host = await startHost({ ...backends, guarded: true, variables });
  });

  afterAll(async () => {
    await host.stop();
    await database.stop();
  });

  it('events that were captured meanwhile survive even a SIGKILL of the host, and arrive in order', async () => {
    const instance = await createInstance(host, 'spiller');
    await database.kill();
    const sent: string[] = [];
    for (let send = 0; send < SENDS; send += 1)
      sent.push(await host.sendText(instance, '5511900000001', `message ${send}`));
    // The host answers a send before it emits the event.
    await eventually(async () => (await spilled(host)) >= SENDS);
    await host.kill();
    await database.restart();
    await host.restart();

    const reader = await readSends(backends.brokerUrl, instance);
    await reader.until((received) => received.length >= SENDS);
    await reader.close();
    expect([...new Set(messageIds(reader))]).toEqual(sent);
  });
});

async function spilled(host: RunningHost): Promise<number> {
  const metrics = await (await host.get('/guard/metrics')).text();
  return Number(/^guard_events_spilled_total (\d+)$/m.exec(metrics)?.[1] ?? 0);
}
