import { setTimeout as delay } from 'node:timers/promises';

/** Waits, or returns at once when the signal is aborted: who sleeps looks at the signal afterwards. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await delay(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
