import { Cron } from 'croner';
import { describe, GuardError } from './errors';

const MINUTE_MS = 60_000;

/**
 * Runs something at the times of a cron expression, in the time zone of the process; a time that comes while the last run
 * is under way is left out.
 *
 * @param setting the variable that the expression is the value of.
 * @param run gets the minute that was meant, in milliseconds since 1970: the same in all processes. Never throws.
 * @returns what stops it; it does not wait for a run.
 * @throws GuardError GUARD_SETTINGS_INVALID
 */
export function every(setting: string, expression: string, run: (minute: number) => Promise<void>): () => void {
  try {
    const cron = new Cron(expression, { protect: true, unref: true }, async (self) => {
      const at = self.currentRun()?.getTime() ?? Date.now();
      await run(at - (at % MINUTE_MS));
    });
    return () => cron.stop();
  } catch (error) {
    const detail = `\n  - ${setting}: ${describe(error)}\n`;
    throw new GuardError('GUARD_SETTINGS_INVALID', detail, { cause: error });
  }
}
