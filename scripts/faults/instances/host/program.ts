import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { mkdirSync, writeSync } from 'node:fs';
import { composeInstances } from '../../../../src/compose-instances';
import type { InstanceTools } from '../../../../src/console/instances';
import { systemClock } from '../../../../src/core/clock';
import { describe } from '../../../../src/core/errors';
import { createLog } from '../../../../src/core/log';
import { readSettings } from '../../../../src/core/settings';
import { shakeHands } from '../../../../src/host/handshake';
import { createMetrics } from '../../../../src/metrics/metrics';
import { openDatabase } from '../../../../src/stores/open-database';
import type { Assignment, Calls, Line, Order, Seen } from '../assignment';
import { openSql } from '../sql';
import type { ChannelParts } from './channel';
import { InstanceController } from './instance-controller';
import { ChannelController, Monitor } from './monitor';
import { watchStore } from './watched-store';
import { WhatsAppClient } from './whatsapp-client';

/*
 * A host with instances whose sockets are stand-ins, guarded as src/compose.ts does it, or not at all. A process of its own,
 * so that it can be killed.
 */

/** A pipe: what was written into it can be read whatever becomes of this process. */
const JOURNAL = 3;
/** As the host's own pool. */
const CONNECTIONS = 10;

const note = (line: Line) => writeSync(JOURNAL, `${JSON.stringify(line)}\n`);

/** Points at which work is held, by instance. */
const holds = new Map<string, string>();

async function passed(point: string, id: string): Promise<void> {
  const isHeld = holds.get(id) === point;
  note({ point, id, isHeld });
  if (isHeld) await new Promise<void>(() => undefined);
}

interface Host {
  monitor: Monitor;
  controller: InstanceController;
  tools: InstanceTools | undefined;
}

async function start(assignment: Assignment): Promise<Host> {
  const { databaseUrl, whatsAppPort, folder, isStock, loads, savesLate, delInstanceMinutes } = assignment;
  mkdirSync(folder, { recursive: true });
  process.chdir(folder);
  const client = await WhatsAppClient.open(whatsAppPort);
  const sql = openSql(databaseUrl, CONNECTIONS);
  const parts: ChannelParts = { sql, emitter: new EventEmitter(), client, savesLate };
  const channels = new ChannelController();
  const monitor = new Monitor(parts, channels, delInstanceMinutes);
  const controller = new InstanceController(monitor, channels, parts);
  const tools = isStock ? undefined : await guard(monitor, controller, channels, delInstanceMinutes);
  if (loads) await monitor.loadInstance();
  return { monitor, controller, tools };
}

/** The host's own, which the instances here are made without. */
const NO_CACHE = { ENABLED: false, URI: '', PREFIX_KEY: 'evolution-cache', TTL: 604_800, SAVE_INSTANCES: false };

/** As src/compose.ts does it. */
async function guard(
  monitor: Monitor,
  controller: InstanceController,
  channels: ChannelController,
  delInstance: number | false,
): Promise<InstanceTools | undefined> {
  const settings = readSettings(process.env);
  const log = createLog(settings.logLevel);
  const [clock, random, metrics, owner] = [systemClock, Math.random, createMetrics(), randomUUID()];
  const app = Object.assign(() => undefined, { use: () => undefined });
  const config: Record<string, unknown> = { DEL_INSTANCE: delInstance, CACHE: { REDIS: NO_CACHE } };
  const configService = { get: (key: string) => config[key] };
  const exports = { waMonitor: monitor, instanceController: controller, channelController: channels };
  const host = shakeHands({ app, configService, host: exports }, settings);
  const database = await openDatabase({
    uri: settings.databaseUri ?? '',
    schema: settings.databaseSchema,
    pooled: false,
    clientName: settings.clientName,
    connections: settings.databasePoolSize,
    log,
    random,
    metrics,
  });
  await database.start();
  Object.assign(database, { instances: watchStore(database.instances, passed) });
  const composed = await composeInstances({ host, database, settings, owner, clock, random, log, metrics });
  process.once('SIGTERM', () => {
    void composed
      ?.stop()
      .then(() => database.stop())
      .then(() => process.exit());
  });
  return composed?.tools;
}

async function look({ monitor, tools }: Host): Promise<Record<string, Seen>> {
  const rows = (await tools?.host.list(tools.clientName)) ?? [];
  const records = (await tools?.store.states(rows.map(({ id }) => id))) ?? [];
  const states = new Map(records.map(({ instanceId, version, state }) => [instanceId, `${version} ${state}`]));
  const seen = rows.map(({ id, name }): [string, Seen] => [name, { id, memory: undefined, told: states.get(id) }]);
  const all = new Map(seen);
  for (const [name, channel] of Object.entries(monitor.waInstances)) {
    const { instanceId: id, connectionStatus } = channel;
    all.set(name, { id, memory: connectionStatus.state, told: states.get(id) });
  }
  return Object.fromEntries(all);
}

function perform(host: Host, { call, with: given }: Order): unknown {
  const { monitor, controller, tools } = host;
  const { name = '', id = '', point = '' } = given as Partial<Calls['create'] & Calls['hold']>;
  switch (call) {
    case 'create':
      return controller.createInstance({ instanceName: name });
    case 'connect':
      return monitor.waInstances[name]?.connectToWhatsapp().then(() => undefined);
    case 'logout':
      return controller.logout({ instanceName: name });
    case 'delete':
      return controller.deleteInstance({ instanceName: name });
    case 'time':
      return monitor.delInstanceTime(name);
    case 'restore':
      return tools?.instances.restore(id);
    case 'purge':
      return tools?.instances.purge(id);
    case 'hold':
      return void holds.set(id, point);
    case 'look':
      return look(host);
  }
}

async function answer(host: Host, order: Order): Promise<void> {
  const from = performance.now();
  const ms = () => performance.now() - from;
  try {
    const result = await perform(host, order);
    note({ answer: order.number, ms: ms(), result });
  } catch (error) {
    note({ answer: order.number, ms: ms(), error: describe(error) });
  }
}

// The driver itself is gone.
process.once('disconnect', () => process.exit(1));
void start(JSON.parse(process.argv[2] ?? '') as Assignment).then((host) => {
  process.on('message', (order: Order) => void answer(host, order));
  process.send?.('ready');
});
