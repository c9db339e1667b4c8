/** Which events are meant. Every field that is set must fit; none set means all. */
export interface EventFilter {
  eventIds?: readonly string[] | undefined;
  sink?: string | undefined;
  instance?: string | undefined;
  /** Canonical JID, as in the outbox. */
  chat?: string | undefined;
  event?: string | undefined;
  /** Code of the reason that a dead letter was parked with. */
  code?: string | undefined;
  /** Captured at this time or later; milliseconds since 1970. */
  from?: number | undefined;
  /** Captured before this time. */
  to?: number | undefined;
}

/** A stretch of the outbox that one statement looks at. */
export interface Stretch {
  /** Only rows behind this one, */
  afterSeq: number;
  /** and none behind this one. */
  throughSeq: number;
  /** At most so many, the first ones. */
  rows: number;
}

/** All that is known of an event for one sink, but for its payload: that is a secret of those who wrote it. */
export interface EventRecord {
  seq: number;
  eventId: string;
  sink: string;
  instance: string;
  chat: string;
  chatSequence: number;
  event: string;
  payloadBytes: number;
  attempts: number;
  /** Why it was parked last; kept when it is redriven. */
  lastError: string | null;
  capturedAt: Date;
  deliveredAt: Date | null;
  deadAt: Date | null;
}

/** A row that a statement has chosen. */
export interface Chosen {
  seq: number;
  eventId: string;
  payloadBytes: number;
  /** It was left as it is: it was parked as too large, and still is. */
  tooLarge: boolean;
}

/** What is not delivered, of one kind. */
export interface OutboxGroup {
  instance: string;
  event: string;
  sink: string;
  pending: number;
  dead: number;
  /** Of those pending. */
  oldestCapturedAt: Date | null;
}

/** A delivered event with all that a copy of it needs. */
export interface DeliveredEvent {
  seq: number;
  eventId: string;
  instance: string;
  chat: string;
  chatSequence: number;
  event: string;
  payload: string;
  payloadBytes: number;
  /** Milliseconds since 1970. */
  capturedAt: number;
}

/** The outbox as an operator handles it, beside the way of an event. Payloads are read by `payload` and `readDelivered`. */
export interface DeadLetterStore {
  /** Dead letters by seq. */
  readonly list: (filter: EventFilter, stretch: Stretch) => Promise<EventRecord[]>;
  /** One event, delivered, pending or dead: a row for each sink. */
  readonly find: (eventId: string) => Promise<EventRecord[]>;
  readonly payload: (eventId: string) => Promise<string | undefined>;
  readonly groups: () => Promise<OutboxGroup[]>;
  /** Delivered events by seq; nothing is changed. */
  readonly readDelivered: (filter: EventFilter, stretch: Stretch) => Promise<DeliveredEvent[]>;
  /** The first and the last seq there is; 0 and 0 in an empty outbox. */
  readonly extent: () => Promise<{ firstSeq: number; lastSeq: number }>;
  /** Dead -> pending. One that was parked as too large stays unless it has at most `maxBytes` bytes. */
  readonly redrive: (filter: EventFilter, stretch: Stretch, options: RedriveOptions) => Promise<Chosen[]>;
  /** Dead -> gone. */
  readonly discard: (filter: EventFilter, stretch: Stretch, options: ChangeOptions) => Promise<Chosen[]>;
  /** Delivered -> pending. */
  readonly replay: (filter: EventFilter, stretch: Stretch, options: ChangeOptions) => Promise<Chosen[]>;
}

export interface ChangeOptions {
  /** Choose the same rows, and change nothing. */
  dryRun: boolean;
}

export interface RedriveOptions extends ChangeOptions {
  maxBytes: number;
}
