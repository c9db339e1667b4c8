import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runScenario, type Outcome } from '../../scripts/faults/cache/run-scenario';
import type { Scenario } from '../../scripts/faults/cache/scenario';
import { clusterKill } from '../../scripts/faults/cache/scenarios/cluster';
import { replicaOnly } from '../../scripts/faults/cache/scenarios/replica';
import { sentinelKill } from '../../scripts/faults/cache/scenarios/sentinel';
import { flushAll, silence } from '../../scripts/faults/cache/scenarios/single';
import '../helpers/services';

const PACE = { perSecond: 500, aroundSeconds: 1 };
const MOST_MS = 120_000;

/** Small versions of what `npm run faults -- cache` does at length: hosts are processes of their own there and here. */
describe('the cache while Redis breaks', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'guard-faults-'));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (scenario: Scenario, isStock = false): Promise<Outcome> =>
    runScenario(scenario, PACE, folder, () => undefined, isStock);
  const kept = { stale: 0, writesLost: 0, overLimit: 0 };

  it(
    'a replica that is all that is named leads to its primary',
    async () => expect(await run(replicaOnly(1))).toMatchObject(kept),
    MOST_MS,
  );

  it(
    'without the plugin it answers with what is old and takes no write, so that this can be seen here',
    async () => {
      const { stale, writesLost } = await run(replicaOnly(1), true);
      expect([stale, writesLost].every((count) => count > 100)).toBe(true);
    },
    MOST_MS,
  );

  it(
    'a primary that is killed costs no answer that is not told, and no write that its replicas have',
    async () => expect(await run(sentinelKill(1))).toMatchObject(kept),
    MOST_MS,
  );

  it(
    'a primary of a Cluster that is killed costs no more',
    async () => expect(await run(clusterKill())).toMatchObject(kept),
    MOST_MS,
  );

  it(
    'a Redis that stands still for longer than the limit keeps no call waiting',
    async () => expect(await run(silence(4))).toMatchObject(kept),
    MOST_MS,
  );

  it(
    'what somebody deletes is not there, and what is written afterwards is',
    async () => expect(await run(flushAll(2))).toMatchObject(kept),
    MOST_MS,
  );
});
