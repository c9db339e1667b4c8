import { randomUUID } from 'node:crypto';
import { createRouter } from './console/router';
import type { Status } from './console/status';
import { systemClock } from './core/clock';
import { createLog, type Log } from './core/log';
import { EVERYTHING } from './core/rollout';
import type { Settings } from './core/settings';
import { startEvents, type Events } from './events';
import { createRabbitmqSink } from './events/sinks/rabbitmq';
import { joinRabbitmq } from './host/events-join';
import { shakeHands, type Host } from './host/handshake';
import { joinInstances, passInstance } from './host/instances-join';
import { createRabbitmqOutlet, standingRoutes } from './host/rabbitmq-routing';
import { joinSends, passSend } from './host/sends-join';
import type { HostParts, RabbitmqConfig } from './host/shapes';
import { createMetrics, type Metrics } from './metrics/metrics';
import type { Database } from './stores/database';
import { openDatabase } from './stores/open-database';
import { Broker } from './stores/rabbitmq/broker';
import { stopAtSignals } from './core/signals';
import { guardVersion, hostVersion } from './core/version';

const random = Math.random;
const clock = systemClock;

/**
 * Wires everything: the only place that knows all parts. Starts in order; what it returns stops in reverse.
 *
 * @param startedAt on the monotonic clock, for the figure in the log: loading this module is most of the start.
 */
export async function compose(parts: HostParts, settings: Settings, startedAt: number): Promise<() => Promise<void>> {
  const log = createLog(settings.logLevel);
  const nothing = () => Promise.resolve();
  if (!settings.databaseUri) {
    log.warn('evolution-guard is off: neither GUARD_DATABASE_URI nor DATABASE_CONNECTION_URI is set');
    return nothing;
  }
  if (settings.databaseProvider === 'mysql') {
    log.warn(
      'evolution-guard is off: MySQL and MariaDB are not supported yet, use GUARD_DATABASE_URI for a PostgreSQL',
    );
    return nothing;
  }

  const host = shakeHands(parts, settings);
  const metrics = createMetrics();
  const stops: (() => Promise<void>)[] = [];

  const database = await openDatabase({
    uri: settings.databaseUri,
    schema: settings.databaseSchema,
    pooled: settings.databaseProvider === 'psql_bouncer',
    clientName: settings.clientName,
    connections: settings.databasePoolSize,
    log,
    random,
    metrics,
  });
  await database.start();
  stops.push(() => database.stop());

  const broker = await startBroker(host, settings, log, metrics);
  if (broker && host.rabbitmq) {
    stops.push(() => broker.stop());
    const events = await startGuardedEvents(database, broker, host, host.rabbitmq, settings, log, metrics);
    stops.push(() => events.stop());
  }

  if (host.channelController) joinSends(host.channelController, passSend, log);
  if (host.monitor) joinInstances(host.monitor.eventEmitter, passInstance);
  const status = statusOf(database, broker, host);
  const tools = { store: database.deadLetters, maxBytes: settings.eventMaxBytes, log };
  host.app.use('/guard', createRouter(settings.apiKey, status, metrics, tools));

  for (const { feature, verdict } of host.verdicts) metrics.featureOn.set({ feature }, verdict === 'on' ? 1 : 0);
  const attachMs = Math.round(clock.monotonic() - startedAt);
  const versions = { guard: status.guardVersion, host: status.hostVersion };
  log.info({ ...versions, features: host.verdicts, attachMs }, 'handshake');

  const stop = async () => {
    for (const end of stops.reverse()) await end();
  };
  stopAtSignals(stop, log);
  return stop;
}

async function startBroker(host: Host, settings: Settings, log: Log, metrics: Metrics): Promise<Broker | undefined> {
  if (!host.eventManager || !settings.rabbitmqUri) return undefined;
  const broker = new Broker({
    uri: settings.rabbitmqUri,
    frameMax: settings.rabbitmqFrameMax,
    log,
    clock,
    random,
    metrics,
  });
  await broker.start();
  return broker;
}

async function startGuardedEvents(
  database: Database,
  broker: Broker,
  host: Host,
  config: RabbitmqConfig,
  settings: Settings,
  log: Log,
  metrics: Metrics,
): Promise<Events> {
  const controller = host.eventManager?.rabbitmq;
  if (!controller) throw new Error('events are wired only where the handshake found them');
  const events = await startEvents({
    store: database.outbox,
    sinks: [createRabbitmqSink(broker, standingRoutes(config), log)],
    listen: (heard) => database.listen(heard),
    settings,
    owner: randomUUID(),
    clock,
    random,
    log,
    metrics,
  });
  const outlet = createRabbitmqOutlet(controller, config);
  joinRabbitmq(
    controller,
    (event) => events.capture(outlet, event),
    (instance) => events.changed(outlet, instance),
    settings.rollout ?? EVERYTHING,
  );
  return events;
}

function statusOf(database: Database, broker: Broker | undefined, host: Host): Status {
  return {
    guardVersion: guardVersion(),
    hostVersion: hostVersion(),
    features: host.verdicts,
    database: () => ({ up: database.up, error: database.lastError }),
    broker: () => broker && { connected: broker.connected, error: broker.lastError },
    backlog: () => database.outbox.backlog(),
    now: () => clock.now(),
  };
}
