/*
 * What is written down of a scenario. All times are milliseconds of the machine's monotonic clock, which is one for all its
 * processes; the wall clock may be set.
 */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** A write of an item. Each item has one writer, which begins a write when the one before has ended. */
export interface Write {
  /** The process. */
  stream: string;
  item: string;
  /** From 1, in the order in which they were begun. */
  seq: number;
  /** The last write of an item, if it has one. */
  isDelete: boolean;
  /** Credentials may wait in the process that wrote them until there is a primary. */
  isCredentials: boolean;
  begun: number;
  ended: number;
  /** `acknowledged`: the caller was told nothing else. `open`: it had not ended long after everything else had. */
  outcome: 'acknowledged' | 'failed' | 'open';
}

/** The number of the write whose value it is, or that there was some value, or none; `untold`: the caller was told that it is not known. */
export type Seen = number | 'something' | 'nothing' | 'untold' | 'open';

export interface Read {
  stream: string;
  item: string;
  begun: number;
  ended: number;
  seen: Seen;
}

export interface Span {
  begun: number;
  ended: number;
}

/** A time in which a process ran nothing, or one thing only: a timer that was due in it fires behind it. */
export interface Stall extends Span {
  stream: string;
}

/** The time in which a server is a primary without a break. */
export interface Reign {
  /** Whose it is. */
  port: number;
  /** All that it had executed by then is on all its replicas as well (WAIT). */
  confirmedUntil: number;
}

/** A write that a server has executed as a primary: it has told so itself (MONITOR). */
export interface Execution {
  item: string;
  /** Absent for a delete. */
  seq: number | undefined;
  reign: Reign;
  at: number;
}

/** A line of a process's journal. */
export type Line = { write: Write } | { read: Read } | { stall: Stall } | { logged: { words: string; times: number } };

/** All that is known of one scenario. */
export interface Evidence {
  writes: readonly Write[];
  reads: readonly Read[];
  stalls: readonly Stall[];
  executions: readonly Execution[];
  /** From the cause until another primary was named. */
  failovers: readonly Span[];
  /** Times in which somebody deleted all that there was. */
  wipes: readonly Span[];
  /** What primaries had at the very end, by item. */
  final: ReadonlyMap<string, Seen>;
  /** Milliseconds within which a call has to end. */
  limitMs: number;
  /** Whether credentials count as written only when all replicas have them. */
  areCredentialsReplicated: boolean;
}
