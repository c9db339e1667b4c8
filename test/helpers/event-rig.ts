import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/core/clock';
import { startEvents, type Events } from '../../src/events';
import type { Sink } from '../../src/events/sink';
import { createRabbitmqSink } from '../../src/events/sinks/rabbitmq';
import { createRabbitmqOutlet, standingRoutes } from '../../src/host/rabbitmq-routing';
import type { RabbitmqConfig } from '../../src/host/shapes';
import { createMetrics, type Metrics } from '../../src/metrics/metrics';
import type { Database } from '../../src/stores/database';
import { openDatabase } from '../../src/stores/open-database';
import { Broker } from '../../src/stores/rabbitmq/broker';
import { recordingLog, type RecordingLog } from './recording-log';

export interface EventsRigOptions {
  databaseUrl: string;
  maxBytes?: number;
  maxAttempts?: number;
  /** The database is behind a pooler in transaction mode. */
  pooled?: boolean;
  bufferEvents?: number;
  /** Kept when the rig stops; without it the rig has one of its own. */
  spillFolder?: string;
}

export interface RigOptions extends EventsRigOptions {
  brokerUrl: string;
  config?: Partial<RabbitmqConfig>;
  /** Events that each instance wants in queues of its own. */
  wanted?: string[];
}

export interface EventsRig {
  events: Events;
  database: Database;
  metrics: Metrics;
  log: RecordingLog;
  stop(): Promise<void>;
}

export interface EventRig extends EventsRig {
  broker: Broker;
  /** Any event, for the RabbitMQ outlet. */
  capture(event: unknown): Promise<void>;
  /** Emits event `number` of a chat, as the host's channels do. */
  emit(number: number, chat: string, instance?: string): Promise<void>;
}

/** The events feature, wired as in compose.ts, without a host around it. */
export async function startRig(options: RigOptions): Promise<EventRig> {
  const { brokerUrl, wanted = ['SEND_MESSAGE'] } = options;
  const log = recordingLog();
  const metrics = createMetrics();
  const config = { ENABLED: true, GLOBAL_ENABLED: false, EXCHANGE_NAME: 'evolution', EVENTS: {}, ...options.config };
  const broker = new Broker({
    uri: brokerUrl,
    frameMax: 8192,
    log,
    clock: systemClock,
    random: Math.random,
    metrics,
  });
  await broker.start();
  const rig = await startEventsRig(options, [createRabbitmqSink(broker, standingRoutes(config), log)], log, metrics);
  const outlet = createRabbitmqOutlet({ get: () => Promise.resolve({ enabled: true, events: wanted }) }, config);
  const capture = (event: unknown) => rig.events.capture(outlet, event);
  return {
    ...rig,
    broker,
    capture,
    emit: (number, chat, instance = 'shop') => capture(sendMessage(number, chat, instance)),
    async stop() {
      await rig.stop();
      await broker.stop();
    },
  };
}

/** The same for any sinks. */
export async function startEventsRig(
  options: EventsRigOptions,
  sinks: readonly Sink[],
  log: RecordingLog,
  metrics: Metrics,
): Promise<EventsRig> {
  const { databaseUrl, maxBytes = 16_777_216, bufferEvents = 10_000 } = options;
  const spillFolder = options.spillFolder ?? mkdtempSync(join(tmpdir(), 'guard-spill-'));
  const random = Math.random;
  const owned = {
    uri: databaseUrl,
    schema: 'guard',
    pooled: options.pooled ?? false,
    clientName: 'test',
    connections: 4,
  };
  const database = await openDatabase({ ...owned, log, random, metrics });
  await database.start();
  const events = await startEvents({
    store: database.outbox,
    sinks,
    listen: (heard) => database.listen(heard),
    settings: {
      eventMaxBytes: maxBytes,
      eventMaxAttempts: options.maxAttempts ?? 10,
      captureBufferEvents: bufferEvents,
      spillFolder,
      spillMaxMegabytes: 64,
      relayWindow: 500,
      eventsRetentionDays: 7,
      deadLettersRetentionDays: 30,
    },
    owner: randomUUID(),
    clock: systemClock,
    random,
    log,
    metrics,
  });
  return {
    events,
    database,
    metrics,
    log,
    async stop() {
      await events.stop();
      await database.stop();
      if (!options.spillFolder) rmSync(spillFolder, { recursive: true });
    },
  };
}

export function sendMessage(number: number, chat: string, instance: string) {
  const data = { key: { id: randomUUID(), remoteJid: chat, fromMe: true }, number, message: { conversation: 'hello' } };
  return {
    instanceName: instance,
    origin: 'ChannelStartupService',
    event: 'send.message',
    data,
    serverUrl: 'http://localhost:8080',
    dateTime: '2026-01-01T00:00:00.000Z',
    sender: '5511900000000@s.whatsapp.net',
    apiKey: 'token',
    local: true,
    integration: undefined,
    extra: undefined,
  };
}

/** Resolves when nothing waits in the outbox. */
export async function waitForDelivery(rig: EventsRig): Promise<void> {
  while ((await rig.database.outbox.backlog()).pending > 0) await new Promise(setImmediate);
}
