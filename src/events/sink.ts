import type { NewOutboxRow, PendingRow } from '../stores/outbox-store';

/** The sink as a whole is away: nothing is wrong with the event, and waiting helps. */
export class SinkUnavailable extends Error {
  override readonly name = 'SinkUnavailable';
}

/** The receiver is away or overloaded: nothing is wrong with the event, and waiting helps. */
export class ReceiverUnavailable extends Error {
  override readonly name = 'ReceiverUnavailable';

  constructor(
    message: string,
    /** How long the receiver itself asks to be left alone. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** The receiver, or the sink for it, refuses this event. Tried again a limited number of times. */
export class Refused extends Error {
  override readonly name: string = 'Refused';

  constructor(
    /** Of the reason that its dead letter and the metrics carry. */
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** This event can never be delivered. */
export class Undeliverable extends Refused {
  override readonly name = 'Undeliverable';
}

/** Where a relay brings events. */
export interface Sink {
  readonly name: string;
  /** Deliveries under way at a time for each receiver; Infinity where there is but one. */
  readonly perReceiver: number;
  /**
   * Who receives a row at present, where that may change and several of the keys in the outbox may be of one: a hash.
   * Without it, whom the key stands for.
   */
  receiverOf?(row: NewOutboxRow): number;
  /**
   * Deliveries of one chat under way at a time. More than 1 only while the sink itself keeps the order of what is handed
   * to it, also when one of them fails.
   */
  perChat(): number;
  /** Whether deliveries make sense right now. */
  accepting(): boolean;
  /** Resolves when they do; rejects only by the signal. */
  ready(signal: AbortSignal): Promise<void>;
  /**
   * Resolves when the receiver has confirmed the event.
   *
   * @throws SinkUnavailable, ReceiverUnavailable, Refused, Undeliverable; anything else concerns this chat only and is
   * tried again for ever.
   */
  deliver(row: PendingRow): Promise<void>;
}
