import type { ConnectionState } from '../stores/instance-store';

/** What carries a connection. Every connect makes another one. */
export interface Socket {
  /** Tells one socket from the next. */
  readonly identity: object;
  /** Undefined where it does not say. */
  readonly isOpen: boolean | undefined;
  /** Asks WhatsApp for a sign of life; absent where this socket cannot ask. @returns whether an answer came in time. */
  readonly answers?: (timeoutMs: number, signal: AbortSignal) => Promise<boolean>;
  /** Ends it, as if it had been lost. */
  end(reason: string): void;
}

/** The connection of one loaded instance: the same object for as long as the host has that instance. */
export interface Connection {
  readonly name: string;
  readonly instanceId: string;
  /** What the host itself says. */
  readonly state: ConnectionState | undefined;
  readonly socket: Socket | undefined;
}

/** What the host is told about a connection by its socket. Absent: nothing about that. */
export interface ConnectionUpdate {
  state?: ConnectionState | undefined;
  /** Why it was closed: Baileys' DisconnectReason, or another code of WhatsApp. */
  code?: number | undefined;
  message?: string | undefined;
}
