import type { InstanceTools } from './console/instances';
import { createStateDoor } from './console/state-door';
import type { Random } from './core/backoff';
import type { Clock } from './core/clock';
import type { Log } from './core/log';
import { EVERYTHING } from './core/rollout';
import type { Settings } from './core/settings';
import { isLoaded, joinConnections, loadedConnections } from './host/connections-join';
import { joinCredentialWrites } from './host/credential-writes';
import type { Host } from './host/handshake';
import { delInstanceMs, InstancesHandler } from './host/instances-handler';
import { joinInstances } from './host/instances-join';
import { createLiveInstances } from './host/live-instances';
import { startInstances } from './instances';
import { createConnections } from './instances/connections';
import { triggerOf } from './instances/decisions';
import type { Metrics } from './metrics/metrics';
import { openCredentials } from './stores/credentials/open';
import type { Database } from './stores/database';
import { openHostRows } from './stores/open-host-rows';

export interface ComposeInstancesOptions {
  host: Host;
  database: Database;
  settings: Settings;
  owner: string;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Metrics;
}

const LOOK_EVERY_MS = 30_000;
/** Ends of a connection that are no logout; a 401 shortly after one may be its echo. */
const ECHOES = new Set([408, 411, 428, 440, 500, 503, 515]);

/** Wires instances; the part of compose.ts that they have for themselves. @returns nothing where they are off. */
export async function composeInstances(
  options: ComposeInstancesOptions,
): Promise<{ tools: InstanceTools; stop: () => Promise<void> } | undefined> {
  const { host, database, settings, owner, clock, random, log, metrics } = options;
  if (!host.instances || !settings.hostDatabaseUri) return undefined;
  const { monitor, controller, channels, config } = host.instances;
  const rollout = settings.rollout ?? EVERYTHING;
  const isGuarded = (instance: string) => rollout.includes('instances', instance);

  const rows = await openHostRows(settings.hostDatabaseUri, log);
  const { choice, stop: stopCredentials } = openCredentials({
    environment: process.env,
    hostDir: process.cwd(),
    rows,
    log,
  });
  if ('reason' in choice) log.warn({ reason: choice.reason }, 'credentials of instances are not set aside');

  const connections = createConnections({
    store: database.instances,
    owner,
    settings,
    loaded: () => loadedConnections(monitor, isGuarded),
    isLoaded: (connection) => isLoaded(monitor, connection),
    lookEveryMs: LOOK_EVERY_MS,
    clock,
    random,
    log,
    metrics,
  });
  const handler = new InstancesHandler({
    monitor,
    isGuarded,
    happened: (...given) => started.instances.happened(...given),
    logout: (...given) => started.instances.logout(...given),
    lastDisconnect: (instance) => triggerOf(connections.recentCodes(instance).at(-1)?.code),
    delInstanceMs: delInstanceMs(config.DEL_INSTANCE),
    delTemp: settings.delTempInstances,
    hasChatwoot: config.CHATWOOT?.ENABLED === true,
    log,
  });
  const graceMs = settings.instancesGraceSeconds * 1000;
  const started = await startInstances({
    store: database.instances,
    host: rows,
    credentials: 'store' in choice ? choice.store : undefined,
    live: createLiveInstances(monitor, log, (instanceId, name) => {
      handler.unloaded(instanceId);
      connections.forget(name);
    }),
    isDoubtful: (name) =>
      connections.recentCodes(name).some(({ code, at }) => ECHOES.has(code) && clock.monotonic() - at < graceMs),
    settings,
    owner,
    clock,
    random,
    log,
    metrics,
  });
  const { instances } = started;
  connections.onChange(({ instanceId, state }) => {
    if (state === 'open') instances.opened(instanceId);
  });
  joinCredentialWrites(channels);
  joinConnections(channels, { watch: connections.watch, isGuarded, log });
  joinInstances({ monitor, controller, channels }, handler, log);
  const idOf = (name: string) => {
    const { instanceId } = (monitor.waInstances[name] ?? {}) as { instanceId?: unknown };
    return typeof instanceId === 'string' ? instanceId : undefined;
  };
  host.app.use('/instance', createStateDoor({ store: database.instances, idOf, isGuarded }));
  connections.start();
  return {
    tools: {
      store: database.instances,
      host: rows,
      clientName: settings.clientName,
      instances,
      exported: (name) => exported(name, settings, clock, log),
    },
    async stop() {
      await connections.stop();
      await started.stop();
      stopCredentials();
    },
  };
}

/** Loaded when it is asked for: hosts that make no backups need none of it. */
async function exported(name: string, settings: Settings, clock: Clock, log: Log) {
  const { composeExport } = await import('./compose-backups.js');
  return composeExport(name, { settings, environment: process.env, hostDir: process.cwd(), clock, log });
}
