import type { SendState } from './send-store';

/**
 * A request younger than this is not taken over, though its process is not on the list: that may be about to say that it
 * is there. As long as a process may be silent before it counts as gone.
 */
export const YOUNGEST_LEFT_MS = 15_000;

/** A request that came with an idempotency key. */
export interface NewRequest {
  /** SHA-256, in hexadecimal, of who asks, of which instance, under which key. */
  requestId: string;
  /** SHA-256, in hexadecimal, of what is asked. */
  fingerprint: string;
  /** UUID of this attempt to run it. */
  run: string;
}

/** One attempt to run a request. */
export type RequestRun = Pick<NewRequest, 'requestId' | 'run'>;

/** What was answered. */
export interface StoredAnswer {
  status: number;
  /** JSON, or empty where the answer was none. */
  text: string;
}

/** The request that is known under a key. */
export interface KnownRequest {
  fingerprint: string;
  /** The attempt that it belongs to. */
  run: string;
  /** The process that has it, or had it last. */
  owner: string;
  /** Whether that process is on the list of those that send. */
  isOwnerThere: boolean;
  /** Nothing while it runs. */
  answer: StoredAnswer | undefined;
}

export interface EndedRequest extends StoredAnswer {
  requestId: string;
  /** Set: the answer counts only while the request belongs to this attempt. */
  run?: string;
}

/** A send that was made for a request, as the journal has it. */
export interface RequestSend {
  sendId: string;
  state: SendState;
  messageId: string | null;
  error: string | null;
  /** Milliseconds since its last attempt ended, or began where that is not known. */
  sinceMs: number;
}

/** Requests with idempotency keys, whatever database holds them. All clocks in it are the database's. */
export interface IdempotencyStore {
  /**
   * Writes down requests that are not known yet. A repeat of a begin whose answer was lost changes nothing.
   *
   * @param requests at most one of a requestId.
   * @returns for each, in the order of the batch, the request that is known now: it is ours if the run is. Nothing where
   * somebody has forgotten it at this moment.
   */
  readonly begin: (owner: string, requests: readonly NewRequest[]) => Promise<(KnownRequest | undefined)[]>;
  /** Keeps answers of requests that run, at most one of a requestId. The first one counts. */
  readonly end: (answers: readonly EndedRequest[]) => Promise<void>;
  /** Forgets attempts that came to nothing. One that the journal has a send of stays as it is. */
  readonly forget: (runs: readonly RequestRun[]) => Promise<void>;
  /**
   * Takes a request over whose process is gone, or which is our own, from the attempt that it belonged to. Not one that the
   * journal has a send of.
   *
   * @returns whether it is ours now.
   */
  readonly takeOver: (owner: string, request: NewRequest, from: string) => Promise<boolean>;
  /** Whether a request runs still, and in this attempt. */
  readonly isRunning: (run: RequestRun) => Promise<boolean>;
  /**
   * The first sends of a request, at most 20. Those that failed with an error of ours (too large to be kept, locks away)
   * do not count, here and above: nothing was sent, and who asks again brings the message along.
   */
  readonly sends: (requestId: string) => Promise<RequestSend[]>;
  /** Deletes at most `limit` requests that came longer ago than that. @returns how many. */
  readonly purge: (olderThanMs: number, limit: number) => Promise<number>;
}
