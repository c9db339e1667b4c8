import { v7 as uuidv7 } from 'uuid';
import { backoffMs, type Random } from '../core/backoff';
import type { Clock } from '../core/clock';
import { describe, GuardError } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { Metrics } from '../metrics/metrics';
import { RowsRefused, type NewOutboxRow, type OutboxStore } from '../stores/outbox-store';
import { chatOf, placeOf } from './chat';
import { hostEvent, type Destination, type HostEvent, type Routing } from './event';

export interface CaptureOptions {
  store: Pick<OutboxStore, 'append'>;
  routing: Routing;
  /** Called after rows were written. */
  written: () => void;
  maxBytes: number;
  bufferEvents: number;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Pick<
    Metrics,
    'eventsCaptured' | 'eventsRefused' | 'eventsParked' | 'captureBatchEvents' | 'captureSeconds' | 'captureBuffered'
  >;
}

/** An event whose text is fixed and which waits for its batch. */
interface Waiting {
  event: Pick<HostEvent, 'instanceName' | 'event'>;
  chat: string;
  payload: string;
  payloadBytes: number;
  capturedAt: number;
  since: number;
  done: () => void;
}

const BATCH_EVENTS = 200;
const BATCH_BYTES = 32 * 1024 * 1024;
const BUFFER_BYTES = 256 * 1024 * 1024;

/**
 * Turns the host's emits into rows of the outbox. One statement is under way at a time and takes all that has come
 * meanwhile: that batches concurrent emits, and keeps the order in which they were called.
 */
export class Capture {
  private waiting: Waiting[] = [];
  private bufferedBytes = 0;
  private running: Promise<void> | undefined;
  private readonly stopping = new AbortController();

  constructor(private readonly options: CaptureOptions) {}

  /**
   * Resolves when the event is durable, or was refused with a logged and counted error: the host awaits its sinks one
   * after another, so this must not reject.
   *
   * @param received as the host's sinks get it; read once, at the call, as the host may change the object afterwards.
   */
  capture(received: unknown): Promise<void> {
    try {
      const waiting = this.admit(received);
      return new Promise((resolve) => {
        this.waiting.push({ ...waiting, done: resolve });
        this.bufferedBytes += waiting.payloadBytes;
        this.options.metrics.captureBuffered.set(this.waiting.length);
        this.running ??= this.drain();
      });
    } catch (error) {
      this.refuse(error);
      return Promise.resolve();
    }
  }

  /** Writes what waits, within the given time. What is left then is lost, and said to be. */
  async stop(withinMs: number): Promise<void> {
    const patience = new AbortController();
    await Promise.race([this.running, sleep(withinMs, patience.signal)]);
    patience.abort();
    this.stopping.abort();
    await this.running;
    const lost = this.waiting.length;
    if (lost === 0) return;
    const abandoned = new GuardError('GUARD_CAPTURE_ABANDONED', `${lost} events.`);
    this.options.metrics.eventsRefused.inc({ code: abandoned.code }, lost);
    this.options.log.error({ code: abandoned.code, events: lost }, abandoned.message);
  }

  private admit(received: unknown): Omit<Waiting, 'done'> {
    const parsed = hostEvent.safeParse(received);
    if (!parsed.success) {
      const detail = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
      throw new GuardError('GUARD_EVENT_MALFORMED', `${detail}.`);
    }
    const event = parsed.data;
    const payload = toPayload(event);
    const payloadBytes = Buffer.byteLength(payload);
    const { clock, bufferEvents } = this.options;
    if (this.waiting.length >= bufferEvents || this.bufferedBytes + payloadBytes > BUFFER_BYTES) {
      const detail = `${this.waiting.length} events, ${this.bufferedBytes} bytes wait; refused ${event.event} of ${event.instanceName}.`;
      throw new GuardError('GUARD_CAPTURE_FULL', detail);
    }
    const head = { instanceName: event.instanceName, event: event.event };
    const times = { capturedAt: clock.now(), since: clock.monotonic() };
    return { event: head, chat: chatOf(event.data), payload, payloadBytes, ...times };
  }

  private refuse(error: unknown): void {
    const refused =
      error instanceof GuardError ? error : new GuardError('GUARD_EVENT_MALFORMED', `${describe(error)}.`);
    this.options.metrics.eventsRefused.inc({ code: refused.code });
    this.options.log.error({ code: refused.code }, refused.message);
  }

  private async drain(): Promise<void> {
    // Emits of one turn of the event loop share the first batch.
    await new Promise(setImmediate);
    try {
      while (this.waiting.length > 0 && !this.stopping.signal.aborted) await this.writeNext();
    } finally {
      // No await between the last look and this: an event that came in between would wait for the next one.
      this.running = undefined;
    }
  }

  private async writeNext(): Promise<void> {
    const batch = this.waiting.slice(0, batchLength(this.waiting));
    if (!(await this.write(batch))) return;
    this.waiting.splice(0, batch.length);
    this.bufferedBytes -= batch.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0);
    this.options.metrics.captureBuffered.set(this.waiting.length);
    for (const { done } of batch) done();
  }

  /** Tries until it is written, so that order is kept. @returns false when stopped before that. */
  private async write(batch: readonly Waiting[]): Promise<boolean> {
    const { store, written, random, log, metrics, clock } = this.options;
    const ids = batch.map(() => uuidv7());
    for (let attempt = 0; !this.stopping.signal.aborted; attempt += 1) {
      try {
        const rows = await this.toRows(batch, ids);
        if (rows.length > 0) {
          await store.append(rows);
          written();
          this.count(rows);
        }
        metrics.captureBatchEvents.observe(batch.length);
        for (const { since } of batch) metrics.captureSeconds.observe((clock.monotonic() - since) / 1000);
        return true;
      } catch (error) {
        if (error instanceof RowsRefused) return this.writeSingly(batch, error);
        if (attempt === 0)
          log.error({ detail: describe(error), events: batch.length }, 'events wait: they could not be written');
        await sleep(backoffMs(attempt, random, 50, 2_000), this.stopping.signal);
      }
    }
    return false;
  }

  /** One event that the database cannot hold must not keep back those that came with it. */
  private async writeSingly(batch: readonly Waiting[], refused: RowsRefused): Promise<boolean> {
    const [first] = batch;
    if (batch.length === 1 && first) {
      const { event, instanceName } = first.event;
      this.refuse(new GuardError('GUARD_EVENT_MALFORMED', `${event} of ${instanceName}: ${refused.message}.`));
      return true;
    }
    for (const waiting of batch) {
      if (!(await this.write([waiting]))) return false;
    }
    return true;
  }

  private async toRows(batch: readonly Waiting[], ids: readonly string[]): Promise<NewOutboxRow[]> {
    const instances = [...new Set(batch.map(({ event }) => event.instanceName))];
    const routes = new Map(
      await Promise.all(instances.map(async (name) => [name, await this.options.routing(name)] as const)),
    );
    return batch.flatMap((waiting, index) => {
      const destinations = routes.get(waiting.event.instanceName)?.(waiting.event) ?? [];
      return destinations.map((destination) => this.toRow(waiting, ids[index] ?? '', destination));
    });
  }

  private toRow(waiting: Waiting, eventId: string, { sink, target }: Destination): NewOutboxRow {
    const { event, chat, payload, payloadBytes, capturedAt } = waiting;
    const row = { eventId, sink, target, instance: event.instanceName, chat, event: event.event };
    const written = { ...row, ...placeOf(event.instanceName, chat), payload, payloadBytes, capturedAt };
    if (payloadBytes <= this.options.maxBytes) return written;
    const detail = `${event.event} of ${event.instanceName}: ${payloadBytes} bytes, limit ${this.options.maxBytes}.`;
    return { ...written, deadReason: new GuardError('GUARD_EVENT_TOO_LARGE', detail).message };
  }

  private count(rows: readonly NewOutboxRow[]): void {
    const { metrics, log } = this.options;
    for (const { sink, deadReason } of rows) {
      metrics.eventsCaptured.inc({ sink });
      if (deadReason === undefined) continue;
      metrics.eventsParked.inc({ sink, code: 'GUARD_EVENT_TOO_LARGE' });
      log.error({ code: 'GUARD_EVENT_TOO_LARGE' }, deadReason);
    }
  }
}

function batchLength(waiting: readonly Waiting[]): number {
  let bytes = 0;
  let length = 0;
  for (const { payloadBytes } of waiting) {
    bytes += payloadBytes;
    if (length > 0 && (length >= BATCH_EVENTS || bytes > BATCH_BYTES)) break;
    length += 1;
  }
  return length;
}

/** The text that the host itself would publish: same keys, same order (2.3.7, rabbitmq.controller.ts, `message`). */
function toPayload(event: HostEvent): string {
  const { extra, data, serverUrl, dateTime, sender, apiKey } = event;
  try {
    return JSON.stringify({
      ...(extra ?? {}),
      event: event.event,
      instance: event.instanceName,
      data,
      server_url: serverUrl,
      date_time: dateTime,
      sender,
      apikey: apiKey,
    });
  } catch (error) {
    const detail = `${event.event} of ${event.instanceName}: ${describe(error).split('\n')[0]}.`;
    throw new GuardError('GUARD_EVENT_NOT_SERIALIZABLE', detail, { cause: error });
  }
}
