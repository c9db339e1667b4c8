import type { RedisPrimary } from '../stores/redis/redis-link';

export interface ReplicaLag {
  address: string;
  /** Seconds since it last acknowledged anything; it goes on where the primary no longer lists it. */
  lagSeconds: number;
  /** Bytes; as they were last known. */
  behindBytes: number;
  /** Whether the primary lists it as online. */
  isOnline: boolean;
}

interface Known {
  /** On the monotonic clock, milliseconds. */
  acknowledgedAt: number;
  behindBytes: number;
}

/** A replica that was taken away on purpose is not mourned for longer. */
const FORGOTTEN_AFTER_MS = 24 * 3_600_000;

/**
 * Remembers replicas: one that is cut off is dropped from the primary's list after a minute (repl-timeout), which would end
 * its lag. A new one takes the place of one that is missing, and a replica that has become a primary is none.
 */
export class ReplicaLags {
  private readonly known = new Map<string, Known>();

  /** @param now on the monotonic clock, milliseconds. */
  measure(primaries: readonly RedisPrimary[], now: number): ReplicaLag[] {
    const listed = new Map(primaries.flatMap(({ replicas }) => replicas.map((each) => [each.address, each] as const)));
    this.forget(primaries, [...listed.keys()], now);
    for (const { address, isOnline, lagSeconds, behindBytes } of listed.values()) {
      const before = this.known.get(address);
      const acknowledgedAt = isOnline || !before ? now - lagSeconds * 1_000 : before.acknowledgedAt;
      this.known.set(address, { acknowledgedAt, behindBytes });
    }
    return [...this.known].map(([address, { acknowledgedAt, behindBytes }]) => ({
      address,
      lagSeconds: Math.floor((now - acknowledgedAt) / 1_000),
      behindBytes,
      isOnline: listed.get(address)?.isOnline === true,
    }));
  }

  private forget(primaries: readonly RedisPrimary[], listed: readonly string[], now: number): void {
    for (const { address } of primaries) this.known.delete(address);
    for (const [address, { acknowledgedAt }] of this.known) {
      if (now - acknowledgedAt > FORGOTTEN_AFTER_MS) this.known.delete(address);
    }
    const missing = [...this.known.keys()].filter((address) => !listed.includes(address));
    const arrived = listed.filter((address) => !this.known.has(address));
    for (const address of missing.slice(0, arrived.length)) this.known.delete(address);
  }
}
