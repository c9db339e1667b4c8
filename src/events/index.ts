import type { Random } from '../core/backoff';
import type { Clock } from '../core/clock';
import type { Log } from '../core/log';
import type { Settings } from '../core/settings';
import type { Metrics } from '../metrics/metrics';
import type { OutboxStore } from '../stores/outbox-store';
import { Capture } from './capture';
import type { Outlet } from './event';
import { EventRouter } from './event-router';
import { PartitionLeases } from './leases';
import { OutboxWriter } from './outbox-writer';
import { Relay } from './relay';
import { Relays } from './relays';
import { startRetention } from './retention';
import type { Sink } from './sink';
import { Spill } from './spill/spill';

export interface EventsOptions {
  store: OutboxStore;
  sinks: readonly Sink[];
  /** Hears of what other processes have written, where the database can tell. @returns what stops it. */
  listen: (heard: (partitions: readonly number[]) => void) => () => Promise<void>;
  settings: Pick<
    Settings,
    | 'eventMaxBytes'
    | 'eventMaxAttempts'
    | 'captureBufferEvents'
    | 'spillFolder'
    | 'spillMaxMegabytes'
    | 'relayWindow'
    | 'eventsRetentionDays'
    | 'deadLettersRetentionDays'
  >;
  /** UUID of this process among those that share the outbox. */
  owner: string;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Metrics;
}

export interface Events {
  /** Resolves when what the outlet would have done with the event is durable. Never rejects. */
  capture(outlet: Outlet, event: unknown): Promise<void>;
  /** The settings of an instance have changed. */
  changed(outlet: Outlet, instance: string): void;
  /** Whoever receives what is for this receiver is another one from now on. */
  moved(receiver: string): void;
  stop(): Promise<void>;
}

const RELAY_PATIENCE_MS = 2_000;
const MEBIBYTE = 1024 * 1024;

/** Capture -> outbox -> relays -> sinks, started in the order in which each needs the one before. */
export async function startEvents({ settings, sinks, ...options }: EventsOptions): Promise<Events> {
  const { store, listen, clock, log } = options;
  const leases: PartitionLeases = new PartitionLeases({
    ...options,
    changed: () => relays.leasesChanged(),
    isBusy: (partition) => relays.isBusy(partition),
  });
  const limits = { window: settings.relayWindow, mostAttempts: settings.eventMaxAttempts };
  const each = sinks.map((sink) => new Relay({ ...options, ...limits, sink, leases }));
  const relays = new Relays({ relays: each, leases, store, log });
  const router = new EventRouter(clock, settings.eventMaxBytes);
  const outbox = new OutboxWriter({ ...options, written: (rows, placed) => relays.written(rows, placed) });
  const maxBytes = settings.spillMaxMegabytes * MEBIBYTE;
  const spill = await Spill.open({ ...options, folder: settings.spillFolder, maxBytes });
  const bufferEvents = settings.captureBufferEvents;
  const isCrowded = () => relays.isCrowded;
  const capture = new Capture({ ...options, router, outbox, spill, bufferEvents, isCrowded });
  leases.start();
  for (const relay of each) relay.start();
  capture.start();
  const stopListening = listen((partitions) => relays.heard(partitions));
  const days = { delivered: settings.eventsRetentionDays, dead: settings.deadLettersRetentionDays };
  const stopRetention = startRetention({ store, days, clock, log });
  return {
    capture: (outlet, event) => capture.capture(outlet, event),
    changed: (outlet, instance) => router.changed(outlet, instance),
    moved: (receiver) => relays.moved(receiver),
    async stop() {
      await capture.stop();
      await spill?.close();
      await stopListening();
      await stopRetention();
      await relays.stop(RELAY_PATIENCE_MS);
      await leases.stop();
    },
  };
}
