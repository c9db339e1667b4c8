import type { Blow, Step } from './steps';

/** What a host process is told at its start. */
export interface Assignment {
  stream: string;
  chats: number;
  /** Sends are typed for up to that long before they leave. */
  mostTypingMs: number;
  /** Of the process, in the database. */
  owner: string;
  databaseUrl: string;
  channelPort: number;
  isStock: boolean;
}

/** What it is told while it runs. */
export interface Order {
  /** Numbers from `first` up to, not including, `end` are sent at that rate. A later order takes the place of this one. */
  send?: { first: number; end: number; perSecond: number };
  /** The process gets that signal when some send has taken that step, so many times from now. */
  strike?: { blow: Blow; step: Step; after: number };
  /** The wall clock is off by so much, from the blow on where there is one. */
  shiftMs?: number;
}
