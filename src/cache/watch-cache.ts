import type { Clock } from '../core/clock';
import { every } from '../core/cron';
import { describe, GuardError } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { RedisLink } from '../stores/redis/redis-link';
import type { AuditReport } from './audit/audit-cache';
import { ReplicaLags, type ReplicaLag } from './replica-lags';

/** Where figures go. */
export interface CacheFigures {
  /** Every replica, at each measurement; one that is no longer among them is gone. */
  replicas: (lags: readonly ReplicaLag[]) => void;
  /** @param at milliseconds since 1970. */
  audited: (report: AuditReport, at: number) => void;
  auditFailed: (code: string) => void;
}

export interface CacheWatchOptions {
  link: Pick<RedisLink, 'primaries'>;
  /** GUARD_CACHE_LAG_SECONDS */
  lagSeconds: number;
  /** Absent without GUARD_CACHE_AUDIT_CRON. `run` repairs nothing. */
  audit?: { cron: string; run: (signal: AbortSignal) => Promise<AuditReport> };
  figures: CacheFigures;
  clock: Clock;
  log: Log;
  /** Where runs come from: `every`. */
  schedule?: typeof every;
  everyMs?: number;
}

const EVERY_MS = 10_000;
/** Named in the log; the others are counted. */
const SHOWN = 20;

/**
 * Measures how far replicas are behind, and has the cache compared with the database when its time comes. Every process does
 * both for itself: they only read.
 *
 * @returns what stops it: an audit that is under way is given up.
 * @throws GuardError GUARD_SETTINGS_INVALID for an expression that is none.
 */
export function startCacheWatch(options: CacheWatchOptions): { stop: () => Promise<void> } {
  const { audit, schedule = every, everyMs = EVERY_MS } = options;
  const stopping = new AbortController();
  let auditing: Promise<void> = Promise.resolve();
  const end = audit
    ? schedule('GUARD_CACHE_AUDIT_CRON', audit.cron, () => (auditing = runAudit(options, audit.run, stopping.signal)))
    : undefined;
  const measuring = measure(new Replication(options), everyMs, stopping.signal);
  return {
    stop: async () => {
      end?.();
      stopping.abort();
      await Promise.all([auditing, measuring]);
    },
  };
}

async function measure(replication: Replication, everyMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await replication.measure();
    await sleep(everyMs, signal);
  }
}

/** Replicas, and which of them an error was logged about: once, until they are back. */
class Replication {
  private readonly lags = new ReplicaLags();
  private readonly alarmed = new Set<string>();

  constructor(private readonly options: CacheWatchOptions) {}

  /** Never throws: the host must not end by it. */
  async measure(): Promise<void> {
    const { link, clock, figures, log } = this.options;
    try {
      const lags = this.lags.measure(await link.primaries(), clock.monotonic());
      figures.replicas(lags);
      this.judge(lags);
    } catch (error) {
      log.debug({ detail: describe(error) }, 'replicas could not be measured'); // the link tells of its own outages
    }
  }

  private judge(lags: readonly ReplicaLag[]): void {
    const { lagSeconds: limit, log } = this.options;
    const late = new Map(lags.filter(({ lagSeconds }) => lagSeconds > limit).map((each) => [each.address, each]));
    for (const [address, { lagSeconds, behindBytes, isOnline }] of late) {
      if (this.alarmed.has(address)) continue;
      this.alarmed.add(address);
      const state = isOnline ? 'is' : 'is not online, and';
      const detail = `${address} ${state} ${lagSeconds} s behind, the limit is ${limit} s; ${behindBytes} bytes.`;
      const { code, message } = new GuardError('GUARD_CACHE_LAG', detail);
      log.error({ code, replica: address, lagSeconds, behindBytes }, message);
    }
    for (const address of [...this.alarmed].filter((each) => !late.has(each))) {
      this.alarmed.delete(address);
      const isBack = lags.some((each) => each.address === address);
      log.info({ replica: address }, isBack ? 'the replica has caught up' : 'the replica is no longer expected');
    }
  }
}

/** Never throws: the host must not end by it. */
async function runAudit(
  { figures, clock, log }: CacheWatchOptions,
  run: (signal: AbortSignal) => Promise<AuditReport>,
  signal: AbortSignal,
): Promise<void> {
  try {
    const report = await run(signal);
    figures.audited(report, clock.now());
    const { keys, instances, found, findings } = report;
    if (findings.length === 0) return log.info({ keys, instances }, 'the cache and the database agree');
    const first = findings.slice(0, SHOWN).map(({ cause, key }) => `${cause} ${key}`);
    log.warn({ keys, instances, found, first }, 'the cache and the database differ: see evolution-guard cache audit');
  } catch (error) {
    if (signal.aborted) return;
    const code = error instanceof GuardError ? error.code : 'unexpected';
    figures.auditFailed(code);
    log.error({ code, detail: describe(error) }, 'an audit of the cache failed; the next one comes at its time');
  }
}
