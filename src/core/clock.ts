/** Where time comes from. Handed in, so that a test can move it. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. For what is stored or shown. */
  now(): number;
  /** Milliseconds that never go back, from an arbitrary start. For durations and deadlines. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
