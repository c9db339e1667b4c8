import { backoffMs, type Random } from '../core/backoff';
import type { Clock } from '../core/clock';
import { describe } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import { createWaker } from '../core/waker';
import type { Metrics } from '../metrics/metrics';
import type { NewOutboxRow, OutboxStore, PendingRow, WrittenPlace } from '../stores/outbox-store';
import { Bursts } from './bursts';
import { heldRow, type HeldRow } from './held-row';
import { Lanes } from './lanes';
import type { PartitionLeases } from './leases';
import { Settlement } from './settlement';
import { ReceiverUnavailable, Refused, SinkUnavailable, Undeliverable, type Sink } from './sink';

export interface RelayOptions {
  store: Pick<OutboxStore, 'fetch' | 'markDelivered' | 'countAttempt' | 'park'>;
  sink: Sink;
  leases: Pick<PartitionLeases, 'held' | 'epochOf'>;
  owner: string;
  /** Deliveries under way at a time. */
  window: number;
  /** Refusals of one event before it goes to the dead letters. */
  mostAttempts: number;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Pick<
    Metrics,
    'eventsDelivered' | 'eventsParked' | 'deliveryFailures' | 'deliverySeconds' | 'relayInFlight' | 'receiversFailing'
  >;
}

/**
 * How often the outbox is looked through unasked, for what other processes wrote where the database cannot tell: soon
 * again after a look that found something, less and less often while there is nothing.
 */
const LOOK_AGAIN_MS = { least: 50, most: 1_000 };
/** Rows held in memory, as a multiple of the window. */
const MOST_WINDOWS = 10;
const CROWDED_WINDOWS = 2;
/** Beyond the window, one for each receiver that has none: else the window could be full of those that hang. */
const MOST_WINDOWS_IN_FLIGHT = 4;
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
  /** Nothing waits that is not held, as far as is known. */
  private drained = false;
  private nextLookAt = 0;
  private lookAgainMs = LOOK_AGAIN_MS.least;
  private sinkGone = true;
  private readonly bursts: Bursts;
  /** Rows were let go of: what a fetch under way brings may lie behind them and must not overtake them. */
  private letGo = false;

  constructor(private readonly options: RelayOptions) {
    const { clock, sink } = options;
    this.bursts = new Bursts(clock, () => this.begin());
    this.lanes = new Lanes({
      clock,
      perReceiver: sink.perReceiver,
      perChat: () => sink.perChat(),
      freed: () => this.wake(),
    });
    this.settlement = new Settlement({
      ...options,
      settled: (seqs) => {
        this.lanes.settled(seqs);
        if (!this.drained) this.waker.wake();
      },
    });
  }

  start(): void {
    this.running = this.run();
  }

  /** Rows were written that this relay may deliver but does not hold. */
  wake(): void {
    this.drained = false;
    this.waker.wake();
  }

  /** Rows were written. Those for this sink that come next in their chat need not be read back. */
  take(rows: readonly NewOutboxRow[], places: readonly WrittenPlace[]): void {
    const room = !this.sinkGone && !this.stopping.signal.aborted;
    for (const [index, row] of rows.entries()) {
      if (row.sink !== this.options.sink.name || row.deadReason !== undefined) continue;
      const epoch = this.options.leases.epochOf(row.partition);
      const place = places[index];
      if (epoch === undefined || !place) continue;
      const fits = room && this.lanes.size < MOST_WINDOWS * this.options.window && this.lanes.bytes < LOAD_BYTES;
      if (!fits || !this.lanes.addFresh(heldRow(row, place, epoch, this.receiverOf(row)))) this.wake();
    }
    this.dispatch();
  }

  /** Whether it has more in hand than the sink takes soon. That one of many receivers is slow does not count. */
  get isCrowded(): boolean {
    return this.options.sink.perReceiver === Infinity && this.lanes.size > CROWDED_WINDOWS * this.options.window;
  }

  /** What has this key in the outbox may have another receiver now: there is no need to wait for the one it had. */
  moved(receiverKey: number): void {
    this.lanes.receivers.moved(receiverKey);
    this.wake();
  }

  /** Partitions came or went. What waits in one that is gone must not keep it busy, nor out of a look when it is back. */
  leasesChanged(): void {
    this.letGo = true;
    this.lanes.keepOnly(this.isHeld);
    this.wake();
  }

  /** Whether anything of a partition is under way or not settled. */
  isBusy(partition: number): boolean {
    return this.lanes.isBusy(partition);
  }

  /** Lets deliveries under way finish within the given time and marks them. */
  async stop(withinMs: number): Promise<void> {
    this.stopping.abort();
    this.waker.wake();
    await this.running;
    this.bursts.stop();
    const patience = new AbortController();
    await Promise.race([this.lanes.idle(), sleep(withinMs, patience.signal)]);
    patience.abort();
    await this.settlement.stop();
  }

  private async run(): Promise<void> {
    const { sink, log, random } = this.options;
    for (let failures = 0; !this.stopping.signal.aborted;) {
      try {
        if (this.sinkGone || !sink.accepting()) {
          await sink.ready(this.stopping.signal);
          this.sinkGone = false;
        }
        await this.load();
        failures = 0;
        this.dispatch();
        await this.waker.wait(this.untilLook(), this.stopping.signal);
      } catch (error) {
        if (this.stopping.signal.aborted) return;
        if (failures === 0) log.warn({ detail: describe(error) }, 'the outbox could not be read; tried again');
        this.drained = false;
        await sleep(backoffMs(failures, random, 50, 2_000), this.stopping.signal);
        failures += 1;
      }
    }
  }

  private untilLook(): number {
    const { stalls, receivers } = this.lanes;
    const look = Math.max(0, this.nextLookAt - this.options.clock.monotonic());
    return Math.min(look, stalls.untilWake(), receivers.untilWake());
  }

  private async load(): Promise<void> {
    const { store, sink, leases, window, clock } = this.options;
    const { stalls, receivers } = this.lanes;
    const unasked = clock.monotonic() >= this.nextLookAt;
    const woken = [stalls.wake(), receivers.wake()].includes(true);
    if (unasked || woken) this.drained = false;
    const partitions = leases.held();
    // Little more than what one receiver may hold: the first rows may all be of one.
    const room = Math.min(2 * window, receivers.share.rows);
    const roomBytes = Math.min(LOAD_BYTES, 2 * receivers.share.bytes);
    if (partitions.length === 0 || this.drained || this.lanes.waiting >= window || this.lanes.bytes > LOAD_BYTES) {
      // Not put off where the time has not come: timers fire up to a millisecond early, and then it never would.
      if (unasked) this.nextLookAt = clock.monotonic() + this.lookAgainMs;
      return;
    }
    this.drained = true; // a wake during the fetch makes this false again
    this.letGo = false;
    const exceptSeqs = this.lanes.lookBegins();
    const rows = await store
      .fetch({
        sink: sink.name,
        partitions,
        exceptSeqs,
        exceptChatKeys: this.lanes.closed(),
        exceptReceivers: receivers.full(),
        rows: room,
        bytes: roomBytes,
      })
      .catch((error: unknown) => {
        this.lanes.lookEnds([]);
        throw error;
      });
    const found = this.letGo ? [] : this.underLease(rows);
    this.lanes.lookEnds(found);
    const bytes = rows.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0);
    if (this.letGo || rows.length === room || bytes >= roomBytes) this.drained = false;
    this.lookAgainMs = found.length > 0 ? LOOK_AGAIN_MS.least : Math.min(LOOK_AGAIN_MS.most, 2 * this.lookAgainMs);
    this.nextLookAt = clock.monotonic() + this.lookAgainMs;
  }

  private underLease(rows: readonly PendingRow[]): HeldRow[] {
    return rows.flatMap((row) => {
      const epoch = this.options.leases.epochOf(row.partition);
      return epoch === undefined ? [] : [{ ...row, epoch, receiver: this.receiverOf(row) }];
    });
  }

  private receiverOf(row: NewOutboxRow): number {
    return this.options.sink.receiverOf?.(row) ?? row.receiverKey;
  }

  private readonly isHeld = ({ partition, epoch }: HeldRow) => this.options.leases.epochOf(partition) === epoch;

  private dispatch(): void {
    this.bursts.request(this.lanes.inFlight === 0);
  }

  private begin(): void {
    const { sink, window, metrics } = this.options;
    while (!this.sinkGone && sink.accepting() && !this.stopping.signal.aborted) {
      const { inFlight } = this.lanes;
      if (inFlight >= MOST_WINDOWS_IN_FLIGHT * window) break;
      const row = this.lanes.next(this.isHeld, inFlight >= window);
      if (!row) break;
      void this.deliver(row);
    }
    metrics.relayInFlight.set({ sink: sink.name }, this.lanes.inFlight);
  }

  /** Never rejects: every outcome is settled here. */
  private async deliver(row: HeldRow): Promise<void> {
    const { sink, metrics, clock } = this.options;
    try {
      await sink.deliver(row);
      this.lanes.delivered(row);
      this.receiverWorks(row.receiver);
      this.settlement.delivered(row);
      metrics.eventsDelivered.inc({ sink: sink.name });
      metrics.deliverySeconds.observe({ sink: sink.name }, (clock.now() - row.capturedAt) / 1000);
    } catch (error) {
      this.failed(row, error);
    }
    this.dispatch();
    if (this.lanes.isEmpty && !this.drained) this.waker.wake();
  }

  private failed(row: HeldRow, error: unknown): void {
    const { sink, log, metrics, random, mostAttempts } = this.options;
    const about = { eventId: row.eventId, instance: row.instance, event: row.event, sink: sink.name };
    if (error instanceof Undeliverable || (error instanceof Refused && row.attempts + 1 >= mostAttempts)) {
      this.lanes.delivered(row);
      this.settlement.parked(row.seq, `${error.code}: ${error.message}`);
      metrics.eventsParked.inc({ sink: sink.name, code: error.code });
      log.error({ code: error.code, ...about }, 'an event went to the dead letters');
      return;
    }
    metrics.deliveryFailures.inc({ sink: sink.name });
    if (error instanceof SinkUnavailable) return this.sinkLost(row);
    if (error instanceof Refused) this.settlement.refused(row.seq, `${error.code}: ${error.message}`);
    const failures = this.lanes.stall(row, (attempt) => backoffMs(attempt, random));
    this.waker.wake(); // the loop must know when this wait ends
    if (failures === 1)
      log.warn({ detail: describe(error), ...about }, 'an event could not be delivered; its chat waits');
    if (error instanceof ReceiverUnavailable) this.receiverLost(row, error, failures > 1);
  }

  private sinkLost(row: HeldRow): void {
    this.sinkGone = true;
    this.letGo = true;
    this.lanes.letGo(row);
    this.lanes.letGoWaiting();
    this.wake();
  }

  private receiverLost({ receiver }: HeldRow, error: ReceiverUnavailable, again: boolean): void {
    const { sink, log, metrics, random } = this.options;
    const wait = (attempt: number) => backoffMs(attempt, random, 500, 30_000);
    const times = this.lanes.receivers.failed(receiver, again, wait, error.retryAfterMs);
    if (times === 0) return;
    metrics.receiversFailing.set({ sink: sink.name }, this.lanes.receivers.failing);
    if (times === 1) log.warn({ detail: error.message, sink: sink.name }, 'a receiver is left alone for a while');
    this.letGo = true;
    this.lanes.letGoWaiting(receiver);
    this.wake();
  }

  private receiverWorks(receiver: number): void {
    if (!this.lanes.receivers.worked(receiver)) return;
    const { sink, log, metrics } = this.options;
    metrics.receiversFailing.set({ sink: sink.name }, this.lanes.receivers.failing);
    log.info({ sink: sink.name }, 'a receiver works again');
    this.wake();
  }
}
