/** Number of partitions that the outbox is split into. Fixed: a row keeps its partition for ever. */
export const PARTITIONS = 64;

/** One event for one sink, as it is written. */
export interface NewOutboxRow {
  /** UUID, version 7. The same after every retry: consumers deduplicate by it. */
  eventId: string;
  sink: string;
  /** 32-bit hash of whoever receives it behind the sink: a look may leave out all that is for one. */
  receiverKey: number;
  /** 32-bit hash of (instance, chat). */
  chatKey: number;
  /** 0 to PARTITIONS - 1. */
  partition: number;
  instance: string;
  /** Canonical JID, or '' for events that belong to no chat. */
  chat: string;
  event: string;
  /** Where the sink delivers it; JSON, understood by that sink only. */
  target: string;
  /** The exact text that the sink delivers. */
  payload: string;
  /** Of UTF-8. */
  payloadBytes: number;
  /** Milliseconds since 1970. */
  capturedAt: number;
  /** Set: the row is written as a dead letter with this reason. */
  deadReason?: string;
}

/** What the database gave a row that it wrote. */
export interface WrittenPlace {
  seq: number;
  /** 1 for the first event of a chat for a sink, and so on. */
  chatSequence: number;
}

/** A row that waits for its sink. */
export interface PendingRow extends Omit<NewOutboxRow, 'deadReason'>, WrittenPlace {
  /** How often the receiver has refused it. */
  attempts: number;
}

export interface FetchRequest {
  sink: string;
  partitions: readonly number[];
  /** Rows that are to be left out: the caller has them already. */
  exceptSeqs: readonly number[];
  /** Chats that are to be left out. */
  exceptChatKeys: readonly number[];
  /** Receivers that are to be left out. */
  exceptReceivers: readonly number[];
  rows: number;
  /** The first row always comes, however large. */
  bytes: number;
}

/** The right to deliver what is in a partition. */
export interface Lease {
  partition: number;
  /** Rises whenever the partition changes hands. */
  epoch: number;
}

/** A delivery that the sink has confirmed, under the lease that it was begun under. */
export interface Delivery extends Lease {
  seq: number;
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
  /**
   * Writes rows in their order, numbered within their chats.
   *
   * @returns a place for each row, or nothing where one of them was there already.
   * @throws RowsRefused where trying again cannot help; anything else may pass.
   */
  readonly append: (rows: readonly NewOutboxRow[]) => Promise<WrittenPlace[] | undefined>;
  readonly fetch: (request: FetchRequest) => Promise<PendingRow[]>;
  /** Moves to the delivered ones what still waits and lies in a partition that the owner holds in that epoch. */
  readonly markDelivered: (owner: string, deliveries: readonly Delivery[]) => Promise<void>;
  /** Counts an attempt that the receiver has refused, with its reason. */
  readonly countAttempt: (seq: number, reason: string) => Promise<void>;
  /** Counts the attempt, and moves the row to the dead letters. */
  readonly park: (seq: number, reason: string) => Promise<void>;
  /** Says that this process is there. @returns how many are, this one included. */
  readonly enlist: (owner: string, expiryMs: number) => Promise<number>;
  /** Renews what the owner holds, and takes what is free as long as it holds fewer than `most`. @returns all it holds. */
  readonly lease: (owner: string, leaseMs: number, most: number) => Promise<Lease[]>;
  /** Gives these partitions back. */
  readonly release: (owner: string, partitions: readonly number[]) => Promise<void>;
  /** Gives everything back: this process ends. */
  readonly resign: (owner: string) => Promise<void>;
  /** Tells other processes that rows were written in these partitions, where the database has a way to. */
  readonly announce: (partitions: readonly number[]) => Promise<void>;
  /** Deletes at most `limit` rows that were delivered before the given time. @returns how many. */
  readonly purgeDelivered: (before: number, limit: number) => Promise<number>;
  /** The same for those that have been dead letters since before the given time. */
  readonly purgeDead: (before: number, limit: number) => Promise<number>;
  readonly backlog: () => Promise<Backlog>;
}
