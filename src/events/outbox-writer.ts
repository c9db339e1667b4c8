import { GuardError } from '../core/errors';
import type { Log } from '../core/log';
import type { Metrics } from '../metrics/metrics';
import { RowsRefused, type NewOutboxRow, type OutboxStore, type WrittenPlace } from '../stores/outbox-store';

export interface OutboxWriterOptions {
  store: Pick<OutboxStore, 'append'>;
  /** Called after rows were written that wait for their sink. */
  written: (rows: readonly NewOutboxRow[], places: readonly WrittenPlace[] | undefined) => void;
  log: Log;
  metrics: Pick<Metrics, 'eventsCaptured' | 'eventsRefused' | 'eventsParked' | 'captureBatchEvents'>;
}

/** Writes batches of rows to the outbox, and counts what it has written. */
export class OutboxWriter {
  constructor(private readonly options: OutboxWriterOptions) {}

  /** @throws whatever the database fails with; then nothing of the batch was written. */
  async write(rows: readonly NewOutboxRow[]): Promise<void> {
    if (rows.length === 0) return;
    let places: WrittenPlace[] | undefined;
    try {
      places = await this.options.store.append(rows);
    } catch (error) {
      if (!(error instanceof RowsRefused)) throw error;
      return this.writeSingly(rows, error);
    }
    this.options.metrics.captureBatchEvents.observe(rows.length);
    this.options.written(rows, places);
    this.count(rows);
  }

  /** One row that the database cannot hold must not keep back those that came with it. */
  private async writeSingly(rows: readonly NewOutboxRow[], refused: RowsRefused): Promise<void> {
    const [first] = rows;
    if (rows.length > 1 || !first) {
      for (const row of rows) await this.write([row]);
      return;
    }
    const error = new GuardError('GUARD_EVENT_MALFORMED', `${first.event} of ${first.instance}: ${refused.message}.`);
    this.options.metrics.eventsRefused.inc({ code: error.code });
    this.options.log.error({ code: error.code }, error.message);
  }

  private count(rows: readonly NewOutboxRow[]): void {
    const { metrics, log } = this.options;
    const captured = new Map<string, number>();
    for (const { sink } of rows) captured.set(sink, (captured.get(sink) ?? 0) + 1);
    for (const [sink, events] of captured) metrics.eventsCaptured.inc({ sink }, events);
    for (const { sink, deadReason } of rows) {
      if (deadReason === undefined) continue;
      metrics.eventsParked.inc({ sink, code: 'GUARD_EVENT_TOO_LARGE' });
      log.error({ code: 'GUARD_EVENT_TOO_LARGE' }, deadReason);
    }
  }
}
