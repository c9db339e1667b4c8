import type { CacheHealth } from '../cache/cache-health';
import type { GuardError } from '../core/errors';
import type { Backlog } from '../stores/outbox-store';

/** What the handlers need to know; compose.ts hands it in. */
export interface Status {
  guardVersion: string;
  hostVersion: string;
  features: readonly { feature: string; verdict: string; reason: string }[];
  database(): { up: boolean; error: GuardError | undefined };
  /** Undefined where events are off. */
  broker(): { connected: boolean; error: GuardError | undefined } | undefined;
  /** Undefined where the cache is the host's own. */
  cache(): Promise<CacheHealth> | undefined;
  backlog(): Promise<Backlog>;
  now(): number;
}

export interface OutboxFigures {
  pending: number;
  oldestSeconds: number;
  dead: number;
}

/** @returns undefined while the database does not answer: `database()` says why. */
export async function readOutbox(status: Status): Promise<OutboxFigures | undefined> {
  const backlog = await status.backlog().catch(() => undefined);
  if (!backlog) return undefined;
  const { pending, dead, oldestCapturedAt } = backlog;
  const age = oldestCapturedAt === undefined ? 0 : (status.now() - oldestCapturedAt) / 1000;
  return { pending, oldestSeconds: Math.max(0, age), dead };
}
