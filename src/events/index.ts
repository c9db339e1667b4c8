import type { Random } from '../core/backoff';
import type { Clock } from '../core/clock';
import type { Log } from '../core/log';
import type { Settings } from '../core/settings';
import type { Metrics } from '../metrics/metrics';
import type { OutboxStore } from '../stores/outbox-store';
import type { Broker } from '../stores/rabbitmq/broker';
import type { Route } from '../stores/rabbitmq/topology';
import { Capture } from './capture';
import type { Routing } from './event';
import { EventRouter } from './event-router';
import { PartitionLeases } from './leases';
import { OutboxWriter } from './outbox-writer';
import { Relay } from './relay';
import { startRetention } from './retention';
import { createRabbitmqSink } from './sinks/rabbitmq';
import { Spill } from './spill/spill';

export interface EventsOptions {
  store: OutboxStore;
  broker: Pick<Broker, 'ready'>;
  routing: Routing;
  /** Declared whenever the broker is connected anew. */
  standing: readonly Route[];
  settings: Pick<
    Settings,
    | 'eventMaxBytes'
    | 'captureBufferEvents'
    | 'spillFolder'
    | 'spillMaxMegabytes'
    | 'relayWindow'
    | 'eventsRetentionDays'
  >;
  /** UUID of this process among those that share the outbox. */
  owner: string;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Metrics;
}

export interface Events {
  capture(event: unknown): Promise<void>;
  stop(): Promise<void>;
}

const RELAY_PATIENCE_MS = 2_000;
const MEBIBYTE = 1024 * 1024;

/** Capture -> outbox -> relay -> sink, started in the order in which each needs the one before. */
export async function startEvents({ settings, ...options }: EventsOptions): Promise<Events> {
  const { store, broker, standing, clock, log } = options;
  const leases = new PartitionLeases({ ...options, changed: () => relay.leasesChanged() });
  const sink = createRabbitmqSink(broker, standing, log);
  const relay = new Relay({ ...options, sink, leases, window: settings.relayWindow });
  const router = new EventRouter(options.routing, settings.eventMaxBytes);
  const outbox = new OutboxWriter({ ...options, written: () => relay.wake() });
  const maxBytes = settings.spillMaxMegabytes * MEBIBYTE;
  const spill = await Spill.open({ ...options, folder: settings.spillFolder, maxBytes });
  const capture = new Capture({ ...options, router, outbox, spill, bufferEvents: settings.captureBufferEvents });
  leases.start();
  relay.start();
  capture.start();
  const stopRetention = startRetention({ store, days: settings.eventsRetentionDays, clock, log });
  return {
    capture: (event) => capture.capture(event),
    async stop() {
      await capture.stop();
      await spill?.close();
      await stopRetention();
      await relay.stop(RELAY_PATIENCE_MS);
      await leases.stop();
    },
  };
}
