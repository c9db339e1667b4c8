import { GuardError } from '../../core/errors';
import type { Log } from '../../core/log';

/**
 * Instances whose credentials could not be read when they were connected. The host takes that for "there are none", and
 * makes new ones; written, they would take the place of the old ones, and the session would be lost. So nothing of such an
 * instance is written, its keys neither: the new identity's would mix with those of the old one.
 *
 * A deletion is no such write: whoever deletes wants the old ones gone. It counts as `wasRead`.
 */
export class UnreadCredentials {
  /** Whether a refusal has been told, by instance. */
  private readonly unread = new Map<string, boolean>();

  constructor(private readonly log: Log) {}

  /** A read of `creds` failed. */
  wasNotRead(instanceId: string): void {
    if (!this.unread.has(instanceId)) this.unread.set(instanceId, false);
  }

  /** A read of `creds` was answered, be it that there are none; or all of the instance was deleted. */
  wasRead(instanceId: string): void {
    this.unread.delete(instanceId);
  }

  /** @returns what a write of this instance has to be refused with, if it has to be. Logged the first time. */
  refusal(instanceId: string): GuardError | undefined {
    const isTold = this.unread.get(instanceId);
    if (isTold === undefined) return undefined;
    const error = new GuardError('GUARD_CREDENTIALS_UNREAD', `Instance ${instanceId}.`);
    if (!isTold) this.log.error({ code: error.code, instanceId }, error.message);
    this.unread.set(instanceId, true);
    return error;
  }

  /** Instances that have to be connected anew when Redis is back. */
  all(): string[] {
    return [...this.unread.keys()];
  }
}
