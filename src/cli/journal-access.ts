import type { SendStore } from '../stores/send-store';
import { withTables } from './engine-access';

/**
 * Opens the journal of a host's sends for one command.
 *
 * @throws GuardError
 */
export function withJournal<T>(hostDir: string, action: (store: SendStore) => Promise<T>): Promise<T> {
  return withTables(hostDir, 'sends', ({ sends }) => action(sends));
}
