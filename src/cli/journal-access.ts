import { GuardError } from '../core/errors';
import type { SendStore } from '../stores/send-store';
import { withEngine } from './engine-access';

/**
 * Opens the journal of a host's sends for one command.
 *
 * @throws GuardError
 */
export function withJournal<T>(hostDir: string, action: (store: SendStore) => Promise<T>): Promise<T> {
  return withEngine(hostDir, async ({ sends, place }) => {
    try {
      return await action(sends);
    } catch (error) {
      if (!isAbsentTable(error)) throw error;
      const detail = `The ${place} are those of a release without sends.`;
      throw new GuardError('GUARD_OUTBOX_ABSENT', detail, { cause: error });
    }
  });
}

/** SQLSTATE 42P01 of PostgreSQL, error 1146 of MySQL and MariaDB. */
function isAbsentTable(error: unknown): boolean {
  const { code, errno } = (error ?? {}) as { code?: unknown; errno?: unknown };
  return code === '42P01' || errno === 1146;
}
