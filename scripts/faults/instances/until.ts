import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 20;
const PATIENCE_MS = 60_000;

/** Resolves when the condition holds. @throws Error that names it, after a minute. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(LOOK_MS)) {
    if (await condition()) return;
  }
  throw new Error(`within a minute it did not come to this: ${what}`);
}
