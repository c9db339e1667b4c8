import { ReceiverUnavailable, Refused } from '../sink';

/** What a receiver has answered, but for its body. */
export interface Answer {
  status: number;
  retryAfter: string | undefined;
}

/** 4xx that say "not now" instead of "not this". */
const NOT_NOW: readonly number[] = [408, 425, 429];
const LONGEST_RETRY_AFTER_MS = 60 * 60_000;

/**
 * Returns when the answer says that the event was taken.
 *
 * @param refusals statuses that the operator wants no retries after; they are refusals, whatever they are else.
 * @param now milliseconds since 1970.
 * @throws Refused where the event is at fault, ReceiverUnavailable where waiting helps.
 */
export function judge({ status, retryAfter }: Answer, from: string, refusals: ReadonlySet<number>, now: number): void {
  if (status >= 200 && status < 300) return;
  const said = `${from} answered ${status}`;
  const refused = status < 500 && !NOT_NOW.includes(status);
  if (refused || refusals.has(status)) throw new Refused('GUARD_WEBHOOK_REFUSED', `${said}.`);
  throw new ReceiverUnavailable(said, retryAfterMs(retryAfter, now));
}

/** Of RFC 9110, section 10.2.3: seconds, or a date. */
export function retryAfterMs(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), LONGEST_RETRY_AFTER_MS);
}
