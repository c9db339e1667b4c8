import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE_MS = 15_000;

/** Resolves when the condition holds, for what can only be asked for. Gives up, so that a test that fails also ends. */
export async function until(condition: () => boolean | Promise<boolean>, state?: () => unknown): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`It did not come to that: ${JSON.stringify(state?.())}`);
    await pause(2);
  }
}
