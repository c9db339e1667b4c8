import type { SendState } from './send-store';

/** The states of which all sends are among those that something is awaited of, each with its phase there. */
const PHASES: Partial<Record<SendState, string>> = { accepted: 'open', sending: 'open', unknown: 'unknown' };

/** Nothing, where one of the states is not among them, or any will do. */
export function phasesOf(states: readonly SendState[] | undefined): string[] | undefined {
  const phases = states?.flatMap((state) => PHASES[state] ?? []);
  return phases?.length === states?.length ? phases : undefined;
}
