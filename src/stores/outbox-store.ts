/** Number of partitions that the outbox is split into. Fixed: a row keeps its partition for ever. */
export const PARTITIONS = 64;

/** One event for one sink, as it is written. */
export interface NewOutboxRow {
  /** UUID, version 7. The same after every retry: consumers deduplicate by it. */
  eventId: string;
  sink: string;
  /** 32-bit hash of (instance, chat). */
  chatKey: number;
  /** 0 to PARTITIONS - 1. */
  partition: number;
  instance: string;
  /** Canonical JID, or '' for events that belong to no chat. */
  chat: string;
  event: string;
  /** Where the sink delivers it; JSON, understood by that sink only. */
  target: unknown;
  /** The exact text that the sink delivers. */
  payload: string;
  payloadBytes: number;
  /** Milliseconds since 1970. */
  capturedAt: number;
  /** Set: the row is written as a dead letter with this reason. */
  deadReason?: string;
}

/** A row that waits for its sink. */
export interface PendingRow {
  seq: number;
  eventId: string;
  partition: number;
  chatKey: number;
  instance: string;
  chat: string;
  chatSequence: number;
  event: string;
  target: unknown;
  payload: string;
  payloadBytes: number;
  capturedAt: number;
}

export interface FetchRequest {
  sink: string;
  partitions: readonly number[];
  /** Rows that are to be left out: the caller has them already. */
  exceptSeqs: readonly number[];
  /** Chats that are to be left out. */
  exceptChatKeys: readonly number[];
  rows: number;
  /** The first row always comes, however large. */
  bytes: number;
}

export interface Backlog {
  pending: number;
  /** Milliseconds since 1970, or undefined where nothing waits. */
  oldestCapturedAt: number | undefined;
  dead: number;
}

/** The database can never take this batch as it is (a character or a size that it has no form for). */
export class RowsRefused extends Error {
  override readonly name = 'RowsRefused';
}

/** The outbox, whatever database holds it. */
export interface OutboxStore {
  /** @throws RowsRefused where trying again cannot help; anything else may pass. */
  readonly append: (rows: readonly NewOutboxRow[]) => Promise<void>;
  readonly fetch: (request: FetchRequest) => Promise<PendingRow[]>;
  readonly markDelivered: (seqs: readonly number[]) => Promise<void>;
  readonly park: (seq: number, reason: string) => Promise<void>;
  /** Takes every partition that is free or already ours. @returns the partitions held until leaseMs from now. */
  readonly lease: (owner: string, leaseMs: number) => Promise<number[]>;
  readonly release: (owner: string) => Promise<void>;
  /** Deletes at most `limit` rows that were delivered before the given time. @returns how many. */
  readonly purgeDelivered: (before: number, limit: number) => Promise<number>;
  readonly backlog: () => Promise<Backlog>;
}
