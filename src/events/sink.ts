import type { PendingRow } from '../stores/outbox-store';

/** The sink as a whole is away: nothing is wrong with the event, and waiting helps. */
export class SinkUnavailable extends Error {
  override readonly name = 'SinkUnavailable';
}

/** This event can never be delivered. `code` is the reason that its dead letter and the metrics carry. */
export class Undeliverable extends Error {
  override readonly name = 'Undeliverable';

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Where a relay brings events. */
export interface Sink {
  readonly name: string;
  /** Resolves when deliveries make sense; rejects only by the signal. */
  ready(signal: AbortSignal): Promise<void>;
  /**
   * Resolves when the receiver has confirmed the event.
   *
   * @throws SinkUnavailable, Undeliverable; anything else concerns this event only and is tried again.
   */
  deliver(row: PendingRow): Promise<void>;
}
