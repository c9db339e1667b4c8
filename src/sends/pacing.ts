import type { Random } from '../core/backoff';
import type { Clock } from '../core/clock';

export interface PacingOptions {
  /** Sends a minute; absent: as fast as they come. */
  perInstance: number | undefined;
  perChat: number | undefined;
  /** Up to so much longer is every wait that a rate asks for, so that sends do not come like clockwork. */
  jitterMs: number;
  clock: Clock;
  random: Random;
}

const MINUTE_MS = 60_000;
/** Above so many names the ones whose time is over are dropped. */
const MANY = 1_000;

/** Holds sends back to the rates of an instance and of a chat, in this process. Off where no rate is set. */
export class Pacing {
  /** By name of a chat or an instance, when the next send may begin, on the monotonic clock. */
  private readonly next = new Map<string, number>();

  constructor(private readonly options: PacingOptions) {}

  /** Takes the next slot. @returns milliseconds until the send may begin; who waits keeps the chat's place. */
  delayMs(instance: string, key: string): number {
    const { perInstance, perChat, jitterMs, clock, random } = this.options;
    if (perInstance === undefined && perChat === undefined) return 0;
    const now = clock.monotonic();
    const at = Math.max(this.slot(instance, perInstance, now), this.slot(key, perChat, now));
    return at > now ? at - now + jitterMs * random() : 0;
  }

  /** @returns when a send of that name may begin; the one after it comes an interval later. */
  private slot(name: string, perMinute: number | undefined, now: number): number {
    if (perMinute === undefined) return now;
    const at = Math.max(now, this.next.get(name) ?? now);
    this.next.set(name, at + MINUTE_MS / perMinute);
    if (this.next.size > MANY) this.forget(now);
    return at;
  }

  private forget(now: number): void {
    for (const [name, at] of this.next) if (at <= now) this.next.delete(name);
  }
}
