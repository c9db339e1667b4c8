import { AsyncLocalStorage } from 'node:async_hooks';
import { GuardError } from '../core/errors';
import type { Lease } from './chat-leases';

/** How far a message got on its way out of the process. */
export type Contact =
  /** Nothing was written. */
  | { kind: 'none' }
  /** The chat's lock had gone by then, so nothing was written. */
  | { kind: 'held-back' }
  /** The request or the stanza was handed over, and no answer has come. */
  | { kind: 'under-way' }
  /** It failed before a byte was written. */
  | { kind: 'not-written'; detail: string }
  /** It was written, and the connection ended without an answer. */
  | { kind: 'unanswered'; detail: string }
  /** WhatsApp asks for patience; nothing was sent. */
  | { kind: 'put-off'; detail: string; retryAfterMs: number | undefined }
  /** WhatsApp refuses this message. */
  | { kind: 'refused'; detail: string }
  /** WhatsApp, or the socket, took it. */
  | { kind: 'taken'; messageId: string | undefined };

/** One call of the host's own send, seen from where its bytes leave the process. */
export class Attempt {
  contact: Contact = { kind: 'none' };

  constructor(
    readonly sendId: string,
    /** The id that the message is to have, where the channel lets it be chosen. */
    readonly messageId: string | undefined,
    private readonly lease: Lease,
  ) {}

  /**
   * Called right before the bytes leave.
   *
   * @throws GuardError GUARD_SENDS_LEASE_LOST: somebody else may be sending to this chat.
   */
  leave(): void {
    if (!this.lease.isHeld()) {
      this.contact = { kind: 'held-back' };
      throw new GuardError('GUARD_SENDS_LEASE_LOST', `Send ${this.sendId}.`);
    }
    this.contact = { kind: 'under-way' };
  }
}

const attempts = new AsyncLocalStorage<Attempt>();

/** The attempt that the running code belongs to. */
export const currentAttempt = (): Attempt | undefined => attempts.getStore();

export const runAttempt = <T>(attempt: Attempt, work: () => Promise<T>): Promise<T> => attempts.run(attempt, work);
