import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '../../../src/core/log';
import { credentialsInSession } from '../../../src/stores/credentials/stores';
import { KeyFiles } from '../../../src/stores/credentials/key-files';
import { openEngine } from '../../../src/stores/open-database';
import { openHostRows } from '../../../src/stores/open-host-rows';
import type { DatabaseServer } from '../database-server';
import { Estate } from './estate';
import { CLIENT_NAME } from './host/monitor';
import { InstanceHost } from './instance-host';
import type { Losses, Scenario, Sizes, Stage } from './scenario';
import { openSql } from './sql';
import { until } from './until';
import { WhatsApp } from './whatsapp';

export interface Outcome extends Losses {
  /** Work on instances that was open at the end. */
  unfinished: number;
  seconds: number;
  notes: string[];
}

export interface Place {
  database: DatabaseServer;
  /** For what is written on the way. */
  folder: string;
}

const SCHEMA = 'evolution_guard';
/** What the clean-ups of a host without the plugin take, which nobody waits for. */
const STOCK_MS = 2_000;
const CONNECTIONS = 4;

/** Runs one scenario on a database and a folder of its own. */
export async function runScenario(
  scenario: Scenario,
  sizes: Sizes,
  { database, folder: parent }: Place,
  say: (text: string) => void,
  isStock = false,
): Promise<Outcome> {
  const begun = performance.now();
  const name = isStock ? `${scenario.name}-stock` : scenario.name;
  const folder = join(parent, name);
  mkdirSync(folder);
  const whatsApp = await WhatsApp.start();
  const databaseUrl = await database.createDatabase(`faults_${name.replaceAll('-', '_')}`);
  const log = createLog('silent');
  const sql = openSql(databaseUrl, CONNECTIONS);
  const engine = await openEngine({ uri: databaseUrl, schema: SCHEMA, pooled: false, connections: CONNECTIONS, log });
  await engine.migrate(CLIENT_NAME);
  const rows = await openHostRows(databaseUrl, log);
  const hostFolder = join(folder, 'host');
  const estate = new Estate(sql, whatsApp, hostFolder);
  await estate.prepare();

  const hosts: InstanceHost[] = [];
  const notes: string[] = [];
  const stage: Stage = {
    ...{ sizes, isStock, sql, whatsApp, estate },
    store: engine.instances,
    credentials: credentialsInSession(rows, new KeyFiles(join(hostFolder, 'instances'))),
    async host({ name = 'a', delTemp = false, loads = true, savesLate = false, delInstanceMinutes = false } = {}) {
      const assignment = { databaseUrl, whatsAppPort: whatsApp.port, folder: hostFolder, isStock };
      const environment = environmentOf(databaseUrl, delTemp);
      const behaviour = { loads, savesLate, delInstanceMinutes };
      const host = new InstanceHost({ ...assignment, ...behaviour, environment, log: join(folder, `${name}.log`) });
      hosts.push(host);
      await host.start();
      return host;
    },
    async settled() {
      if (isStock) return sleep(STOCK_MS);
      await until('work on instances ends', async () => (await engine.instances.operations()).length === 0);
    },
    async endLeases() {
      const table = sql.isMariadb ? `${SCHEMA}_instance_operation` : `${SCHEMA}.instance_operation`;
      const past = sql.isMariadb ? '1' : 'now()';
      await sql.query(`UPDATE ${table} SET lease_until = ${past} WHERE lease_until IS NOT NULL`);
    },
    note(text) {
      notes.push(text);
      say(text);
    },
  };
  try {
    const losses = await scenario.run(stage);
    const unfinished = (await engine.instances.operations()).length;
    await Promise.all(hosts.map((host) => host.stop()));
    return { ...losses, unfinished, seconds: (performance.now() - begun) / 1000, notes };
  } finally {
    await Promise.all(hosts.map((host) => host.kill())); // those that a failure left
    await rows.stop();
    await engine.close();
    await sql.close();
    await whatsApp.stop();
  }
}

/** What an operator would have in the host's .env, and nothing of what this machine has. */
function environmentOf(databaseUrl: string, delTemp: boolean): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    GUARD_ENABLED: 'true',
    GUARD_EVENTS: 'false',
    GUARD_SENDS: 'false',
    GUARD_WEBHOOKS: 'stock',
    GUARD_LOG_LEVEL: 'debug',
    DATABASE_PROVIDER: databaseUrl.startsWith('mysql:') ? 'mysql' : 'postgresql',
    DATABASE_CONNECTION_URI: databaseUrl,
    DATABASE_CONNECTION_CLIENT_NAME: CLIENT_NAME,
    DATABASE_SAVE_DATA_INSTANCE: 'true',
    DEL_TEMP_INSTANCES: `${delTemp}`,
  };
}
