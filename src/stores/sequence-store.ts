import type { ErrorCode } from '../core/error-registry';

/** A sequence that has not come to its end: its chat's turn has not come, or its steps are being run. */
export const OPEN_SEQUENCE_STATES = ['waiting', 'running'] as const;

export const SEQUENCE_STATES = [...OPEN_SEQUENCE_STATES, 'done', 'failed', 'cancelled'] as const;
export type SequenceState = (typeof SEQUENCE_STATES)[number];

/** How far a step is. Never what was sent, nor what was answered. */
export interface StepRecord {
  kind: 'send' | 'http' | 'waitFor' | 'delay';
  /** For people: the route of the host, method and origin, the state waited for, or milliseconds. */
  about: string;
  state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';
  attempts: number;
  /** Milliseconds since 1970, by the clock of the process that ran it first. */
  startedAt?: number;
  endedAt?: number;
  /** In the journal: of the last attempt. */
  sendId?: string;
  messageId?: string;
  /** Of the last answer. */
  httpStatus?: number;
  /** Why it failed, or why its last attempt did. */
  code?: ErrorCode;
  detail?: string;
}

/** A sequence, as it is accepted. */
export interface NewSequence {
  /** UUID, version 7, made when its place in the chat's queue was taken. */
  id: string;
  instance: string;
  /** Canonical JID. */
  chat: string;
  isHigh: boolean;
  /** JSON: what was asked for. Forgotten with the end of the sequence, so that what people wrote does not stay. */
  definition: string;
  /** Tells whether another one with the same key asks for the same. */
  definitionHash: string;
  idempotencyKey?: string;
  steps: readonly StepRecord[];
}

/** Everything that is known of a sequence but its definition; `null` where it has not happened. */
export interface SequenceRecord {
  seq: number;
  id: string;
  instance: string;
  chat: string;
  isHigh: boolean;
  state: SequenceState;
  /** Index of the step that is being run, or comes next; how many there are when all are done. */
  position: number;
  steps: StepRecord[];
  isCancelling: boolean;
  /** The process that has it, or had it last. */
  owner: string;
  idempotencyKey: string | null;
  definitionHash: string;
  /** Why it failed. */
  code: ErrorCode | null;
  detail: string | null;
  /** Milliseconds since 1970. */
  acceptedAt: number;
  startedAt: number | null;
  endedAt: number | null;
}

export interface OpenSequence extends SequenceRecord {
  definition: string;
}

export interface SequenceProgress {
  position: number;
  steps: readonly StepRecord[];
}

export interface SequenceEnd extends SequenceProgress {
  state: 'done' | 'failed' | 'cancelled';
  code?: ErrorCode;
  detail?: string;
}

export interface SequenceFilter {
  instance?: string;
  chat?: string;
  states?: readonly SequenceState[];
}

/** Sequences, whatever database holds them. All clocks in it are the database's, but for those of the steps. */
export interface SequenceStore {
  /**
   * Writes a sequence as waiting.
   *
   * @returns what is there: the new one, or the one that has the same key in the same instance.
   */
  readonly accept: (owner: string, sequence: NewSequence) => Promise<SequenceRecord>;
  /** Makes it `running`, or goes on with one that is. @returns nothing where it has ended or is another process's. */
  readonly begin: (owner: string, id: string) => Promise<OpenSequence | undefined>;
  /** Writes how far it is. `lost`: it has ended, or is another process's by now. */
  readonly progress: (
    owner: string,
    id: string,
    progress: SequenceProgress,
  ) => Promise<'going' | 'cancelling' | 'lost'>;
  /** Ends one that is `running`. @returns whether it still was the owner's. */
  readonly end: (owner: string, id: string, end: SequenceEnd) => Promise<boolean>;
  /**
   * Takes over open sequences in these instances whose process is not on the list of those that send any more.
   *
   * @param known those that the owner knows to be its own, where the answer of an earlier call was lost: then its other
   * ones come as well.
   * @returns at most `limit` of them, the oldest first.
   */
  readonly adopt: (
    owner: string,
    instances: readonly string[],
    limit: number,
    known?: readonly string[],
  ) => Promise<SequenceRecord[]>;
  /**
   * Cancels one that waits, or whose process is gone, at once; asks the process of one that runs to.
   *
   * @returns what it is then; nothing if there is none.
   */
  readonly cancel: (id: string) => Promise<SequenceRecord | undefined>;
  /** Which of the owner's running ones somebody wants to be cancelled. */
  readonly cancelling: (owner: string) => Promise<string[]>;
  readonly find: (id: string) => Promise<SequenceRecord | undefined>;
  /** The newest first, `limit` of those before that seq. */
  readonly list: (filter: SequenceFilter, beforeSeq: number, limit: number) => Promise<SequenceRecord[]>;
  /** Deletes at most `limit` that ended before the given time, in milliseconds since 1970. @returns how many. */
  readonly purge: (before: number, limit: number) => Promise<number>;
}
