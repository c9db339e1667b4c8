import { describe } from './errors';
import type { Log } from './log';

const PATIENCE_MS = 8_000;

/**
 * Lets deliveries finish when the host is told to end, then passes the signal on: EvolutionAPI 2.3 has no handler of
 * its own, so the default of the system, to end the process, is restored by taking ours away.
 */
export function stopAtSignals(stop: () => Promise<void>, log: Log): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      const end = () => {
        if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
      };
      const deadline = setTimeout(end, PATIENCE_MS);
      stop()
        .catch((error: unknown) => log.error({ detail: describe(error) }, 'the stop was not clean'))
        .finally(() => {
          clearTimeout(deadline);
          end();
        });
    });
  }
}
