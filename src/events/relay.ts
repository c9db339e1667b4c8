import { backoffMs, type Random } from '../core/backoff';
import type { Clock } from '../core/clock';
import { describe } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import { createWaker } from '../core/waker';
import type { Metrics } from '../metrics/metrics';
import type { OutboxStore, PendingRow } from '../stores/outbox-store';
import { Lanes } from './lanes';
import type { PartitionLeases } from './leases';
import { Settlement } from './settlement';
import { SinkUnavailable, Undeliverable, type Sink } from './sink';

export interface RelayOptions {
  store: Pick<OutboxStore, 'fetch' | 'markDelivered' | 'park'>;
  sink: Sink;
  leases: Pick<PartitionLeases, 'held'>;
  /** Deliveries under way at a time. */
  window: number;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Pick<Metrics, 'eventsDelivered' | 'eventsParked' | 'deliveryFailures' | 'deliverySeconds' | 'relayInFlight'>;
}

/** How often the outbox is looked through from the beginning: finds what other processes wrote, and what was let go. */
const LOOK_AGAIN_MS = 1_000;
const LOAD_BYTES = 64 * 1024 * 1024;

/**
 * Moves events from the outbox to one sink. Within a chat one delivery at a time, across chats up to the window: so a
 * failing event holds back its own chat only, and order within a chat survives every failure.
 */
export class Relay {
  private readonly lanes: Lanes;
  private readonly settlement: Settlement;
  private readonly waker = createWaker();
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  /** Nothing more waits, as far as is known. */
  private drained = false;
  private nextLookAt = 0;
  private sinkGone = true;
  /** Rows were let go of: what a fetch under way brings may lie behind them and must not overtake them. */
  private letGo = false;

  constructor(private readonly options: RelayOptions) {
    this.lanes = new Lanes(options.clock);
    this.settlement = new Settlement({
      store: options.store,
      random: options.random,
      log: options.log,
      settled: (seqs) => {
        this.lanes.settled(seqs);
        this.waker.wake();
      },
    });
  }

  start(): void {
    this.running = this.run();
  }

  /** New rows were written. */
  wake(): void {
    this.drained = false;
    this.waker.wake();
  }

  /** Partitions came or went. */
  leasesChanged(): void {
    this.letGo = true;
    this.drained = false;
    this.waker.wake();
  }

  /** Lets deliveries under way finish within the given time and marks them. */
  async stop(withinMs: number): Promise<void> {
    this.stopping.abort();
    this.waker.wake();
    await this.running;
    const patience = new AbortController();
    await Promise.race([this.lanes.idle(), sleep(withinMs, patience.signal)]);
    patience.abort();
    await this.settlement.stop();
  }

  private async run(): Promise<void> {
    const { sink, log, random } = this.options;
    for (let failures = 0; !this.stopping.signal.aborted;) {
      try {
        if (this.sinkGone) {
          await sink.ready(this.stopping.signal);
          this.sinkGone = false;
        }
        await this.load();
        failures = 0;
        this.dispatch();
        await this.waker.wait(Math.min(LOOK_AGAIN_MS, this.lanes.untilWake()), this.stopping.signal);
      } catch (error) {
        if (this.stopping.signal.aborted) return;
        if (failures === 0) log.warn({ detail: describe(error) }, 'the outbox could not be read; tried again');
        this.drained = false;
        await sleep(backoffMs(failures, random, 50, 2_000), this.stopping.signal);
        failures += 1;
      }
    }
  }

  private async load(): Promise<void> {
    const { store, sink, leases, window, clock } = this.options;
    const partitions = leases.held();
    this.lanes.keepOnly(partitions);
    if (this.lanes.wakeStalled() || clock.monotonic() >= this.nextLookAt) {
      this.drained = false;
      this.nextLookAt = clock.monotonic() + LOOK_AGAIN_MS;
    }
    const room = 2 * window - this.lanes.size;
    if (partitions.length === 0 || this.drained || room < window / 2 || this.lanes.bytes > LOAD_BYTES) return;
    this.drained = true; // a wake during the fetch makes this false again
    this.letGo = false;
    const rows = await store.fetch({
      sink: sink.name,
      partitions,
      exceptSeqs: this.lanes.knownSeqs(),
      exceptChatKeys: this.lanes.stalledKeys(),
      rows: room,
      bytes: LOAD_BYTES,
    });
    if (this.letGo) {
      this.drained = false;
      return;
    }
    this.lanes.add(rows);
    if (rows.length === room || this.lanes.bytes >= LOAD_BYTES) this.drained = false;
  }

  private dispatch(): void {
    const held = new Set(this.options.leases.held());
    while (!this.sinkGone && !this.stopping.signal.aborted && this.lanes.inFlight < this.options.window) {
      const row = this.lanes.next(held);
      if (!row) break;
      void this.deliver(row);
    }
    this.options.metrics.relayInFlight.set({ sink: this.options.sink.name }, this.lanes.inFlight);
  }

  /** Never rejects: every outcome is settled here. */
  private async deliver(row: PendingRow): Promise<void> {
    const { sink, metrics, clock } = this.options;
    try {
      await sink.deliver(row);
      this.lanes.delivered(row);
      this.settlement.delivered(row.seq);
      metrics.eventsDelivered.inc({ sink: sink.name });
      metrics.deliverySeconds.observe({ sink: sink.name }, (clock.now() - row.capturedAt) / 1000);
    } catch (error) {
      this.failed(row, error);
    }
    this.dispatch();
    if (this.lanes.isEmpty) this.waker.wake();
  }

  private failed(row: PendingRow, error: unknown): void {
    const { sink, log, metrics, random } = this.options;
    if (error instanceof Undeliverable) {
      this.lanes.delivered(row);
      this.settlement.parked(row.seq, `${error.code}: ${error.message}`);
      metrics.eventsParked.inc({ sink: sink.name, code: error.code });
      log.error(
        { code: error.code, eventId: row.eventId, instance: row.instance },
        'an event went to the dead letters',
      );
      return;
    }
    metrics.deliveryFailures.inc({ sink: sink.name });
    if (error instanceof SinkUnavailable) {
      this.sinkGone = true;
      this.letGo = true;
      this.drained = false;
      this.lanes.letGo(row);
      this.lanes.letGoWaiting();
      this.waker.wake();
      return;
    }
    const failures = this.lanes.stall(row, (attempt) => backoffMs(attempt, random));
    const detail = { detail: describe(error), eventId: row.eventId, instance: row.instance, event: row.event };
    if (failures === 1) log.warn(detail, 'an event could not be delivered; its chat waits');
  }
}
