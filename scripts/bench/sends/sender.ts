import type { Message } from './fake-channel';

/** The servers of this run; the database is empty. */
export interface Stage {
  databaseUrl: string;
  redisUrl: string;
}

/** Hands a message over; resolves when it is answered. */
export type Channel = (message: Message) => Promise<void>;

/** One way of sending. */
export interface Sender {
  /** Resolves when the message has been answered. */
  send(message: Message): Promise<void>;
  stop(): Promise<void>;
}
