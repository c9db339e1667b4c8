import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '../../src/core/log';
import { openEngine } from '../../src/stores/open-database';
import type { RunningRabbitmq } from '../services';
import { Arrivals } from './arrivals';
import type { DatabaseServer } from './database-server';
import { Host } from './host';
import { hostEnvironment } from './host-environment';
import { settingsTable } from './host-settings';
import { queueOf, WANTED } from './numbered-event';
import { consumeQueue } from './queue-consumer';
import type { Scenario, Stage } from './scenario';
import { tallyOf, type Tally } from './tally';
import { WebhookReceiver } from './webhook-receiver';

export interface Outcome extends Tally {
  /** The longest time in which nothing new arrived of a chat although something of it was under way. */
  standstillSeconds: number;
  seconds: number;
  notes: string[];
}

export interface Servers {
  database: DatabaseServer;
  broker: RunningRabbitmq;
  /** For what is written on the way. */
  folder: string;
}

/** What RabbitMQ 3.10 needs after a new quorum queue before it may be killed: see test/faults/events.test.ts. */
const QUEUE_SETTLED_MS = 1_500;
/** What has not come by then, with nothing new before it, is lost. */
const PATIENCE_MS = 90_000;
/** So long nothing may come at all before a scenario is over: late copies count. */
const QUIET_MS = 1_000;
const LOOK_MS = 50;

/** Runs one scenario on a database and a queue of its own, and looks at every event that came of it. */
export async function runScenario(
  scenario: Scenario,
  events: number,
  chats: number,
  { database, broker, folder: parent }: Servers,
  say: (text: string) => void,
): Promise<Outcome> {
  const begun = performance.now();
  const { name } = scenario;
  const folder = join(parent, name);
  mkdirSync(folder);
  const arrivals = new Arrivals();
  const receiver = await WebhookReceiver.start(arrivals);
  const databaseUrl = await database.createDatabase(`faults_${name.replaceAll('-', '_')}`);
  await prepareHost(database, databaseUrl, receiver.url);
  const stopConsuming = await consumeQueue(broker.url, queueOf(name), arrivals);
  await sleep(QUEUE_SETTLED_MS);

  const hosts: Host[] = [];
  const ends: (() => Promise<void>)[] = [];
  const notes: string[] = [];
  const stage: Stage = {
    events,
    database,
    databaseUrl,
    broker,
    receiver,
    arrivals,
    spillFolder: (stream) => join(folder, `spill-${stream}`),
    async host({ stream = 'a', sink = 'rabbitmq', wrapper, ...urls } = {}) {
      const environment = hostEnvironment(
        { databaseUrl, brokerUrl: broker.url, ...urls },
        sink,
        stage.spillFolder(stream),
      );
      const log = join(folder, `host-${stream}.log`);
      const host = new Host({ instance: name, stream, chats, sink, wrapper, environment, log });
      hosts.push(host);
      await host.start();
      return host;
    },
    afterwards: (end) => void ends.push(end),
    note(text) {
      notes.push(text);
      say(text);
    },
  };
  try {
    await scenario.run(stage);
    await untilSettled(hosts, arrivals, databaseUrl);
    await Promise.all(hosts.map((host) => host.stop()));
  } finally {
    await Promise.all(hosts.map((host) => host.kill())); // those that a failure left
  }
  for (const end of ends.reverse()) await end();
  await stopConsuming();
  await receiver.stop();
  if (arrivals.renamed.length > 0) throw new Error(`copies came with another id: ${arrivals.renamed.join(', ')}`);
  const seconds = (performance.now() - begun) / 1000;
  return { ...tallyOf(hosts, arrivals), standstillSeconds: arrivals.standstillMs / 1000, seconds, notes };
}

async function prepareHost(database: DatabaseServer, databaseUrl: string, webhookUrl: string): Promise<void> {
  const session = await database.open(databaseUrl);
  const rabbitmq = { enabled: true, events: WANTED };
  for (const statement of settingsTable({ rabbitmq, webhook: { url: webhookUrl, enabled: true, events: WANTED } })) {
    await session.query(statement);
  }
  await session.end();
}

/** Resolves when all that was acknowledged is there and nothing more comes; or when the rest of it never will. */
async function untilSettled(hosts: readonly Host[], arrivals: Arrivals, databaseUrl: string): Promise<void> {
  const isMissing = () =>
    hosts.some(({ stream, acknowledged }) => [...acknowledged].some((number) => !arrivals.has(stream, number)));
  const log = createLog('silent');
  const engine = await openEngine({ uri: databaseUrl, schema: 'evolution_guard', pooled: false, connections: 1, log });
  for (let before = -1, since = Date.now(); ; await sleep(LOOK_MS)) {
    if (arrivals.messages !== before) since = Date.now();
    before = arrivals.messages;
    const quietMs = Date.now() - since;
    if (quietMs > PATIENCE_MS) break;
    if (quietMs > QUIET_MS && !isMissing() && (await engine.outbox.backlog()).pending === 0) break;
  }
  await engine.close();
}
