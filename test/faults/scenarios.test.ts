import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDatabase } from '../../scripts/faults/database-server';
import { runScenario, type Servers } from '../../scripts/faults/run-scenario';
import type { Scenario } from '../../scripts/faults/scenario';
import { databaseBackends } from '../../scripts/faults/scenarios/database-backends';
import { diskFull } from '../../scripts/faults/scenarios/disk-full';
import { halfOpenBroker, halfOpenDatabase } from '../../scripts/faults/scenarios/half-open';
import { poolExhausted } from '../../scripts/faults/scenarios/pool-exhausted';
import { twoHosts } from '../../scripts/faults/scenarios/two-hosts';
import { startRabbitmq } from '../helpers/services';

const EVENTS = 600;
const CHATS = 20;
const MOST_MS = 180_000;

/** Small versions of what `npm run faults` does at length: hosts are processes of their own there and here. */
describe('hosts while things break around them', () => {
  let servers: Servers;

  beforeAll(async () => {
    const [broker, database] = await Promise.all([startRabbitmq({ private: true }), startDatabase('postgres')]);
    servers = { broker, database, folder: mkdtempSync(join(tmpdir(), 'guard-faults-')) };
  }, 120_000);

  afterAll(async () => {
    await Promise.all([servers.broker.stop(), servers.database.stop()]);
    rmSync(servers.folder, { recursive: true });
  }, 60_000);

  const run = (scenario: Scenario) => runScenario(scenario, EVENTS, CHATS, servers, () => undefined);
  const kept = expect.objectContaining({ sent: EVENTS, lost: 0, outOfOrder: 0 });

  it(
    'a host that is killed beside another leaves its partitions to it, and gets its share when it is back',
    async () => expect(await run(twoHosts(1))).toEqual(kept),
    MOST_MS,
  );

  it(
    'a broker whose connections fall silent without being closed costs no event and no order',
    async () => expect(await run(halfOpenBroker(['forgotten']))).toEqual(kept),
    MOST_MS,
  );

  it(
    'a database whose connections fall silent without being closed costs no event and no order',
    async () => expect(await run(halfOpenDatabase('half-open-database', 'postgres', ['forgotten']))).toEqual(kept),
    MOST_MS,
  );

  it(
    'sessions of the database that are ended again and again cost no event and no order',
    async () => expect(await run(databaseBackends('database-backends', 'postgres', 10))).toEqual(kept),
    MOST_MS,
  );

  it(
    'a database that gives no connection, or no answer for a lock, costs no event and no order',
    async () => expect(await run(poolExhausted)).toEqual(kept),
    MOST_MS,
  );

  it(
    'a disk that gets full while the database is away costs no event and no order',
    async () => expect(await run(diskFull)).toEqual(kept),
    MOST_MS,
  );
});
