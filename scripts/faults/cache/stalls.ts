import { now, type Stall } from './record';

const TICK_MS = 5;
/** Below that, a timer is as good as in time. */
const LEAST_MS = 5;

/** Tells of times in which this process could not let a timer fire that was due. */
export function watchStalls(stream: string, note: (stall: Stall) => void): void {
  let due = now() + TICK_MS;
  setInterval(() => {
    const fired = now();
    if (fired - due > LEAST_MS) note({ stream, begun: due, ended: fired });
    due = fired + TICK_MS;
  }, TICK_MS);
}
