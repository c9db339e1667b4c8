import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDatabase, type DatabaseServer } from '../../scripts/faults/database-server';
import { runScenario, type Outcome } from '../../scripts/faults/instances/run-scenario';
import type { Scenario } from '../../scripts/faults/instances/scenario';
import { delInstance } from '../../scripts/faults/instances/scenarios/del-instance';
import { deleteRestore } from '../../scripts/faults/instances/scenarios/delete-restore';
import { killSteps } from '../../scripts/faults/instances/scenarios/kill-steps';
import { lateWrites } from '../../scripts/faults/instances/scenarios/late-writes';
import { logout401 } from '../../scripts/faults/instances/scenarios/logout-401';
import { logoutsAtOnce } from '../../scripts/faults/instances/scenarios/logouts-at-once';
import { million } from '../../scripts/faults/instances/scenarios/million';

const MOST_MS = 120_000;
const SIZES = { logouts: 30, messages: 2_000 };

/** Small versions of what `npm run faults -- instances` does at length: hosts are processes of their own there and here. */
describe('instances while sessions end and hosts are killed', () => {
  let database: DatabaseServer;
  let folder: string;

  beforeAll(async () => {
    database = await startDatabase('postgres');
    folder = mkdtempSync(join(tmpdir(), 'guard-faults-'));
  }, 120_000);

  afterAll(async () => {
    await database.stop();
    rmSync(folder, { recursive: true });
  }, 60_000);

  const run = (scenario: Scenario, isStock = false): Promise<Outcome> =>
    runScenario(scenario, SIZES, { database, folder }, () => undefined, isStock);
  const kept = { instancesLost: 0, rowsLost: 0, unfinished: 0 };

  it(
    'a logout costs no row, and the connect behind it shows a code and is not logged out again',
    async () => expect(await run(logout401('postgres', 3, 20))).toMatchObject({ ...kept, logouts: 3 }),
    MOST_MS,
  );

  it(
    'without the plugin a delete costs everything, so that this can be seen here',
    async () => expect((await run(deleteRestore('postgres', 1, 20), true)).instancesLost).toBe(2),
    MOST_MS,
  );

  it(
    'many logouts at once leave archives of all credentials as they were',
    async () => expect(await run(logoutsAtOnce())).toMatchObject({ ...kept, logouts: SIZES.logouts }),
    MOST_MS,
  );

  it(
    'a timer hides only what was never paired, and only where that is wanted',
    async () => expect(await run(delInstance(2))).toMatchObject(kept),
    MOST_MS,
  );

  it(
    'what was deleted comes back with all rows and credentials',
    async () => expect(await run(deleteRestore('postgres', 2, 20))).toMatchObject(kept),
    MOST_MS,
  );

  it(
    'a process that is killed before or behind any step leaves nothing that the next start does not finish',
    async () => expect(await run(killSteps())).toMatchObject(kept),
    MOST_MS,
  );

  it(
    'what an old socket saves while its session is reset does not reach the next one',
    async () => expect(await run(lateWrites(3))).toMatchObject(kept),
    MOST_MS,
  );

  it(
    'a purge takes all rows of its instance and none of another one',
    async () => expect(await run(million(SIZES.messages, 500))).toMatchObject(kept),
    MOST_MS,
  );
});
