import { randomUUID } from 'node:crypto';
import type { Cache } from './compose-cache';
import { composeInstances } from './compose-instances';
import { composeSends } from './compose-sends';
import { createRouter } from './console/router';
import type { Status } from './console/status';
import { systemClock } from './core/clock';
import { createLog, type Log } from './core/log';
import { EVERYTHING, type Rollout } from './core/rollout';
import type { Settings } from './core/settings';
import { startEvents, type Events } from './events';
import type { Outlet } from './events/event';
import type { Sink } from './events/sink';
import { createRabbitmqSink } from './events/sinks/rabbitmq';
import { createWebhookSink, WEBHOOK, WEBHOOK_GLOBAL } from './events/sinks/webhook';
import { signingKey } from './events/sinks/webhook-signature';
import { joinRabbitmq, joinWebhooks, type Capturing } from './host/events-join';
import { shakeHands, type Host } from './host/handshake';
import { createRabbitmqOutlet, standingRoutes } from './host/rabbitmq-routing';
import type { HostParts } from './host/shapes';
import { globalAddresses, instanceAddresses } from './host/webhook-address';
import { createWebhookOutlet } from './host/webhook-routing';
import { WebhookSettings } from './host/webhook-settings';
import { createMetrics, type Metrics } from './metrics/metrics';
import type { Database } from './stores/database';
import { openDatabase } from './stores/open-database';
import { Broker } from './stores/rabbitmq/broker';
import { openQueueSender } from './stores/rabbitmq/queue-sender';
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
  if (!settings.databaseUri) {
    log.warn('evolution-guard is off: neither GUARD_DATABASE_URI nor DATABASE_CONNECTION_URI is set');
    return () => Promise.resolve();
  }

  const host = shakeHands(parts, settings);
  const metrics = createMetrics();
  const stops: (() => Promise<void>)[] = [];
  const owner = randomUUID();

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
  if (broker) stops.push(() => broker.stop());
  let events: Events | undefined;
  const webhooks = await guardWebhooks(host, settings, (instance) => events?.moved(instance));
  const ways = [guardRabbitmq(host, broker, log), webhooks].filter((way) => way !== undefined);
  if (ways.length > 0) {
    stops.push(...ways.map(({ close }) => close));
    const started = await startGuardedEvents(ways, database, settings, owner, log, metrics);
    events = started;
    stops.push(() => started.stop());
  }

  const cache = await startCache(host, settings, log, metrics);
  if (cache) stops.push(() => cache.stop());
  const sends = await composeSends({ host, database, cache, settings, owner, clock, random, log, metrics });
  if (sends) stops.push(() => sends.stop());
  const instances = await composeInstances({ host, database, settings, owner, clock, random, log, metrics });
  if (instances) stops.push(() => instances.stop());
  const backups = await scheduleBackups(settings, log, metrics);
  if (backups) stops.push(() => backups.stop());
  const status = statusOf(database, broker, cache, host);
  const { rabbitmqUri, rabbitmqFrameMax: frameMax, eventMaxBytes: maxBytes } = settings;
  const openQueue = (queue: string) => openQueueSender({ uri: rabbitmqUri, frameMax, queue, clock });
  const tools = { store: database.deadLetters, maxBytes, openQueue, log };
  const inMemory = sends && (() => Promise.resolve(sends.waiting()));
  const journal = { store: database.sends, owner, inMemory, now: () => clock.now() };
  const lacks = sends ? `This host lacks ${host.sequences.lacks.join(', ')}.` : 'GUARD_SENDS is false.';
  const sequences = { store: database.sequences, sequences: sends?.sequences ?? { lacks } };
  host.app.use('/guard', createRouter(settings.apiKey, status, metrics, tools, journal, sequences, instances?.tools));

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

/** The driver of Redis is loaded only where there is a cache. */
async function startCache(host: Host, settings: Settings, log: Log, metrics: Metrics) {
  if (!host.cache) return undefined;
  const { composeCache } = await import('./compose-cache.js');
  return composeCache({ host, settings, clock, random, log, metrics });
}

/** What backups need is loaded only where there are any. */
async function scheduleBackups(settings: Settings, log: Log, metrics: Metrics) {
  const { backupCron: cron } = settings;
  if (cron === undefined) return undefined;
  const { composeBackups } = await import('./compose-backups.js');
  return composeBackups({ cron, settings, environment: process.env, hostDir: process.cwd(), random, log, metrics });
}

async function startBroker(host: Host, settings: Settings, log: Log, metrics: Metrics): Promise<Broker | undefined> {
  if (!host.rabbitmq || !settings.rabbitmqUri) return undefined;
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

/** One of the host's sinks, in our hands. */
interface Way {
  outlet: Outlet;
  sinks: Sink[];
  join: (capturing: Capturing, rollout: Rollout) => void;
  changed: (instance: string) => void;
  close: () => Promise<void>;
}

function guardRabbitmq({ rabbitmq }: Host, broker: Broker | undefined, log: Log): Way | undefined {
  if (!rabbitmq || !broker) return undefined;
  const { controller, config } = rabbitmq;
  return {
    outlet: createRabbitmqOutlet(controller, config),
    sinks: [createRabbitmqSink(broker, standingRoutes(config), log)],
    join: (capturing, rollout) => joinRabbitmq(controller, capturing, rollout),
    changed: () => undefined,
    close: () => Promise.resolve(),
  };
}

/** @param moved told of an instance whose URL is another one from now on. */
async function guardWebhooks(
  { webhooks }: Host,
  settings: Settings,
  moved: (instance: string) => void,
): Promise<Way | undefined> {
  if (!webhooks) return undefined;
  const { controller, config } = webhooks;
  // Loaded only now: it is a tenth of a second that a host without guarded webhooks need not wait.
  const { createWebhookClient } = await import('./events/sinks/webhook-client.js');
  const client = createWebhookClient(settings.webhookTimeoutMs);
  const current = new WebhookSettings(
    (name) => controller.prisma.webhook.findFirst({ where: { Instance: { name } } }),
    clock,
    moved,
  );
  const common = {
    client,
    keys: (settings.webhookSecrets ?? []).map(signingKey),
    refusals: new Set(config.RETRY.NON_RETRYABLE_STATUS_CODES),
    perReceiver: settings.webhookConcurrency,
    clock,
  };
  return {
    outlet: createWebhookOutlet(controller, config, current),
    sinks: [
      createWebhookSink({ ...common, name: WEBHOOK, addresses: instanceAddresses(current, clock) }),
      createWebhookSink({ ...common, name: WEBHOOK_GLOBAL, addresses: globalAddresses(config) }),
    ],
    join: (capturing, rollout) => joinWebhooks(controller, capturing, rollout),
    changed: (instance) => current.changed(instance),
    close: () => Promise.resolve(client.close()),
  };
}

async function startGuardedEvents(
  ways: readonly Way[],
  database: Database,
  settings: Settings,
  owner: string,
  log: Log,
  metrics: Metrics,
): Promise<Events> {
  const events = await startEvents({
    store: database.outbox,
    sinks: ways.flatMap(({ sinks }) => sinks),
    listen: (heard) => database.listen(heard),
    settings,
    owner,
    clock,
    random,
    log,
    metrics,
  });
  for (const { outlet, join, changed } of ways) {
    const capturing = {
      capture: (event: unknown) => events.capture(outlet, event),
      changed: (instance: string) => {
        changed(instance);
        events.changed(outlet, instance);
      },
    };
    join(capturing, settings.rollout ?? EVERYTHING);
  }
  return events;
}

function statusOf(database: Database, broker: Broker | undefined, cache: Cache | undefined, host: Host): Status {
  return {
    guardVersion: guardVersion(),
    hostVersion: hostVersion(),
    features: host.verdicts,
    database: () => ({ up: database.up, error: database.lastError }),
    broker: () => broker && { connected: broker.connected, error: broker.lastError },
    cache: () => cache?.health(),
    backlog: () => database.outbox.backlog(),
    now: () => clock.now(),
  };
}
