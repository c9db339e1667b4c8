import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { systemClock } from '../../../src/core/clock';
import { createLog } from '../../../src/core/log';
import { readSettings } from '../../../src/core/settings';
import { startEvents } from '../../../src/events';
import { createRabbitmqSink } from '../../../src/events/sinks/rabbitmq';
import { createRabbitmqOutlet } from '../../../src/host/rabbitmq-routing';
import { createMetrics } from '../../../src/metrics/metrics';
import type { Database } from '../../../src/stores/database';
import { openDatabase } from '../../../src/stores/open-database';
import { Broker } from '../../../src/stores/rabbitmq/broker';
import type { Contender, Stage } from '../contender';
import { SettingsTable } from '../settings-row';

const LOOK_MS = 20;
const SCHEMA = 'guard';

const settings = readSettings({});
const log = createLog('warn', process.stderr);
const metrics = createMetrics();
const random = Math.random;

/** The tables of the guard, and nothing running on them. */
export async function migrateGuard(databaseUrl: string): Promise<void> {
  const database = await openGuardDatabase(databaseUrl);
  await database.start();
  await database.stop();
}

/** The events feature, wired as in src/compose.ts, with the settings that an operator gets without asking. */
export async function startGuard({ databaseUrl, brokerUrl }: Stage): Promise<Contender> {
  const hostSettings = await SettingsTable.create(databaseUrl);

  const database = await openGuardDatabase(databaseUrl);
  await database.start();
  const frameMax = settings.rabbitmqFrameMax;
  const broker = new Broker({ uri: brokerUrl, frameMax, log, clock: systemClock, random, metrics });
  await broker.start();
  const config = { ENABLED: true, GLOBAL_ENABLED: false, EXCHANGE_NAME: 'evolution', EVENTS: {} };
  const events = await startEvents({
    store: database.outbox,
    sinks: [createRabbitmqSink(broker, [], log)],
    listen: (heard) => database.listen(heard),
    settings,
    owner: randomUUID(),
    clock: systemClock,
    random,
    log,
    metrics,
  });
  const outlet = createRabbitmqOutlet({ get: (instance) => hostSettings.read(instance) }, config);
  const looking = new Pool({ connectionString: databaseUrl, max: 1 });
  return {
    batch: 1,
    outstanding: 500,
    async put(batch) {
      for (const event of batch) await events.capture(outlet, event);
    },
    async finished(total) {
      while (await isPending(looking)) await sleep(LOOK_MS);
      const delivered = await countDelivered(looking);
      if (delivered !== total) throw new Error(`${delivered} of ${total} events are marked as delivered`);
    },
    async stop() {
      await events.stop();
      await broker.stop();
      await database.stop();
      await Promise.all([hostSettings.close(), looking.end()]);
    },
  };
}

async function isPending(pool: Pool): Promise<boolean> {
  const pending = `SELECT FROM ${SCHEMA}.pending LIMIT 1`;
  return (await pool.query(pending)).rowCount === 1;
}

async function countDelivered(pool: Pool): Promise<number> {
  const count = `SELECT count(*)::integer AS delivered FROM ${SCHEMA}.delivered`;
  const { rows } = await pool.query<{ delivered: number }>(count);
  return rows[0]?.delivered ?? 0;
}

function openGuardDatabase(uri: string): Promise<Database> {
  const connections = settings.databasePoolSize;
  return openDatabase({ uri, schema: SCHEMA, pooled: false, clientName: 'bench', connections, log, random, metrics });
}
