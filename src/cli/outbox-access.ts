import type { Settings } from '../core/settings';
import type { DeadLetterStore } from '../stores/dead-letters';
import { withEngine } from './engine-access';

/**
 * Opens the outbox of a host for one command.
 *
 * @throws GuardError
 */
export function withOutbox<T>(
  hostDir: string,
  action: (store: DeadLetterStore, settings: Settings) => Promise<T>,
): Promise<T> {
  return withEngine(hostDir, ({ deadLetters }, settings) => action(deadLetters, settings));
}
