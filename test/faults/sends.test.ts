import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDatabase } from '../../scripts/faults/database-server';
import { runScenario, type Servers } from '../../scripts/faults/sends/run-scenario';
import type { Scenario } from '../../scripts/faults/sends/scenario';
import { databaseRestart } from '../../scripts/faults/sends/scenarios/database';
import { clockSetBack } from '../../scripts/faults/sends/scenarios/holder-paused';
import { hostKill } from '../../scripts/faults/sends/scenarios/host-kill';
import { redisFailover, redisFlush } from '../../scripts/faults/sends/scenarios/redis';
import { startRedis } from '../helpers/services';

const SENDS = 150;
const MOST_MS = 120_000;

/** Small versions of what `npm run faults -- sends` does at length: hosts are processes of their own there and here. */
describe('sends while things break around them', () => {
  let servers: Servers;

  beforeAll(async () => {
    const [redis, database] = await Promise.all([startRedis({ private: true }), startDatabase('postgres')]);
    servers = { redis, database, folder: mkdtempSync(join(tmpdir(), 'guard-faults-')) };
  }, 120_000);

  afterAll(async () => {
    await Promise.all([servers.redis.stop(), servers.database.stop()]);
    rmSync(servers.folder, { recursive: true });
  }, 60_000);

  const run = (scenario: Scenario) => runScenario(scenario, SENDS, servers, () => undefined);
  const kept = { sent: SENDS, lost: 0, twice: 0, inverted: 0, open: 0, notAcceptedArrived: 0 };
  /** No message of a process whose time was over, and none beside another. */
  const fenced = { stale: 0, atTheSameTime: 0 };

  it(
    'a process that stood still until its sends were taken over sends nothing late, also where its clock was set back',
    async () => expect(await run(clockSetBack(1))).toMatchObject({ ...kept, ...fenced }),
    MOST_MS,
  );

  it(
    'a process that is killed behind any step of a send leaves nothing behind that is not finished or known as unknown',
    async () => expect(await run(hostKill(1))).toMatchObject(kept),
    MOST_MS,
  );

  it(
    'a Redis that becomes another one, which lacks the latest locks, costs no order',
    async () => expect(await run(redisFailover(1))).toMatchObject({ ...kept, ...fenced }),
    MOST_MS,
  );

  it(
    'locks that somebody deletes cost no order',
    async () => expect(await run(redisFlush(2))).toMatchObject({ ...kept, ...fenced }),
    MOST_MS,
  );

  it(
    'a restart of the database costs no send and no order',
    async () => expect(await run(databaseRestart('database-restart', 'postgres', 1))).toMatchObject(kept),
    MOST_MS,
  );
});
