import { backoffMs, type Random } from '../core/backoff';
import type { Clock } from '../core/clock';
import { describe, GuardError } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import { createWaker } from '../core/waker';
import type { Metrics } from '../metrics/metrics';
import { captureEvent, type CapturedEvent } from './captured-event';
import type { Outlet } from './event';
import type { EventRouter } from './event-router';
import type { OutboxWriter } from './outbox-writer';
import type { Spill } from './spill/spill';

export interface CaptureOptions {
  router: Pick<EventRouter, 'route'>;
  outbox: Pick<OutboxWriter, 'write'>;
  /** Undefined where its folder cannot be written: then events wait in memory for the database. */
  spill: Pick<Spill, 'isEmpty' | 'take' | 'drain'> | undefined;
  bufferEvents: number;
  /** Whether those who deliver have more in hand than they get rid of soon. */
  isCrowded: () => boolean;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Pick<Metrics, 'eventsRefused' | 'captureSeconds' | 'captureBuffered'>;
}

/** An event in memory. `done` is called when it is durable. */
interface Waiting {
  captured: CapturedEvent;
  /** On the monotonic clock. */
  since: number;
  done: () => void;
}

const BATCH_EVENTS = 500;
/** How long events are gathered at most while deliveries lag behind. */
const GATHER_MS = 20;
const BATCH_BYTES = 32 * 1024 * 1024;
const BUFFER_BYTES = 256 * 1024 * 1024;
const MOST_RETRY_MS = 2_000;

/**
 * Makes the host's emits durable: in the outbox, or while the database does not answer in the spill file. One write is
 * under way at a time and takes all that has come meanwhile: that batches concurrent emits, and keeps the order in which
 * they were called. While the spill file holds anything, new events go behind it.
 */
export class Capture {
  private waiting: Waiting[] = [];
  private bufferedBytes = 0;
  private running: Promise<void> | undefined;
  private readonly stopping = new AbortController();
  private readonly waker = createWaker();
  private failures = 0;
  private retryAt = 0;

  constructor(private readonly options: CaptureOptions) {}

  /** Takes up what an earlier process left in the spill file. */
  start(): void {
    this.running ??= this.run();
  }

  /**
   * Resolves when the event is durable, or was refused with a logged and counted error: the host awaits its sinks one
   * after another, so this must not reject.
   *
   * @param received as the host's sinks get it; read once, at the call, as the host may change the object afterwards.
   */
  capture(outlet: Outlet, received: unknown): Promise<void> {
    try {
      const captured = captureEvent(received, outlet, this.options.clock);
      this.assertRoom(captured);
      return new Promise((done) => {
        this.waiting.push({ captured, since: this.options.clock.monotonic(), done });
        this.bufferedBytes += captured.payloadBytes;
        this.options.metrics.captureBuffered.set(this.waiting.length);
        this.waker.wake();
        this.running ??= this.run();
      });
    } catch (error) {
      const refused =
        error instanceof GuardError ? error : new GuardError('GUARD_EVENT_MALFORMED', `${describe(error)}.`);
      this.options.metrics.eventsRefused.inc({ code: refused.code });
      this.options.log.error({ code: refused.code }, refused.message);
      return Promise.resolve();
    }
  }

  /** Makes what waits durable, one way or the other. What neither database nor disk takes is lost, and said to be. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.waker.wake();
    await this.running;
    const lost = this.waiting.length;
    if (lost === 0) return;
    const abandoned = new GuardError('GUARD_CAPTURE_ABANDONED', `${lost} events.`);
    this.options.metrics.eventsRefused.inc({ code: abandoned.code }, lost);
    this.options.log.error({ code: abandoned.code, events: lost }, abandoned.message);
  }

  private assertRoom({ event, instance, payloadBytes }: CapturedEvent): void {
    if (this.waiting.length < this.options.bufferEvents && this.bufferedBytes + payloadBytes <= BUFFER_BYTES) return;
    const detail = `${this.waiting.length} events, ${this.bufferedBytes} bytes wait; refused ${event} of ${instance}.`;
    throw new GuardError('GUARD_CAPTURE_FULL', detail);
  }

  private async run(): Promise<void> {
    // Emits of one turn of the event loop share the first batch.
    await new Promise(setImmediate);
    try {
      while (this.hasWork()) {
        const durable = this.spilled() ? await this.behindSpill() : await this.toOutbox();
        if (!durable && this.stopping.signal.aborted) return;
      }
    } finally {
      // No await between the last look and this: an event that came in between would wait for the next one.
      this.running = undefined;
    }
  }

  private hasWork(): boolean {
    return this.waiting.length > 0 || (this.spilled() && !this.stopping.signal.aborted);
  }

  private spilled(): boolean {
    return this.options.spill !== undefined && !this.options.spill.isEmpty;
  }

  /** @returns whether the events that waited are durable now, in the outbox or else on the disk. */
  private async toOutbox(): Promise<boolean> {
    // What cannot be delivered soon may as well share a statement with what comes next; unless there is enough for it.
    if (this.waiting.length <= BATCH_EVENTS && this.options.isCrowded()) await sleep(GATHER_MS, this.stopping.signal);
    const batch = this.nextBatch();
    try {
      const rows = await this.route(batch);
      await this.options.outbox.write(rows).catch(async (error: unknown) => {
        this.failed(error);
        if (!(await this.options.spill?.take(rows))) throw error;
      });
    } catch (error) {
      this.failed(error);
      await sleep(this.untilRetry(), this.stopping.signal);
      return false;
    }
    if (!this.spilled()) this.failures = 0;
    this.settle(batch);
    return true;
  }

  /** The file has rows: new ones go behind them, and the oldest of them to the database as soon as it answers. */
  private async behindSpill(): Promise<boolean> {
    const durable = await this.toSpill(this.nextBatch());
    if (this.stopping.signal.aborted) return durable;
    if (this.untilRetry() > 0) {
      await this.waker.wait(this.untilRetry(), this.stopping.signal);
      return durable;
    }
    try {
      await this.options.spill?.drain((rows) => this.options.outbox.write(rows));
      this.failures = 0;
    } catch (error) {
      this.failed(error);
    }
    return durable;
  }

  private async toSpill(batch: readonly Waiting[]): Promise<boolean> {
    if (batch.length === 0) return true;
    try {
      if (!(await this.options.spill?.take(await this.route(batch)))) return false;
    } catch (error) {
      this.failed(error);
      return false;
    }
    this.settle(batch);
    return true;
  }

  private route(batch: readonly Waiting[]) {
    return this.options.router.route(batch.map(({ captured }) => captured));
  }

  private failed(error: unknown): void {
    const { log, clock, random } = this.options;
    if (this.failures === 0) log.error({ detail: describe(error) }, 'events cannot go to the outbox; tried again');
    this.retryAt = clock.monotonic() + backoffMs(this.failures, random, 50, MOST_RETRY_MS);
    this.failures += 1;
  }

  private untilRetry(): number {
    return Math.max(0, this.retryAt - this.options.clock.monotonic());
  }

  private nextBatch(): Waiting[] {
    let bytes = 0;
    const tooMany = this.waiting.findIndex(({ captured }, index) => {
      bytes += captured.payloadBytes;
      return index > 0 && (index >= BATCH_EVENTS || bytes > BATCH_BYTES);
    });
    return this.waiting.slice(0, tooMany < 0 ? this.waiting.length : tooMany);
  }

  private settle(batch: readonly Waiting[]): void {
    const { metrics, clock } = this.options;
    this.waiting.splice(0, batch.length);
    for (const { captured, since, done } of batch) {
      this.bufferedBytes -= captured.payloadBytes;
      metrics.captureSeconds.observe((clock.monotonic() - since) / 1000);
      done();
    }
    metrics.captureBuffered.set(this.waiting.length);
  }
}
