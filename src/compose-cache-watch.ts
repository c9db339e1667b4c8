import type { AuditReport } from './cache/audit/audit-cache';
import { openAudit } from './cache/audit/open-audit';
import { startCacheWatch, type CacheFigures } from './cache/watch-cache';
import type { Clock } from './core/clock';
import type { Log } from './core/log';
import type { Settings } from './core/settings';
import type { Metrics } from './metrics/metrics';
import type { RedisLink } from './stores/redis/redis-link';

export interface CacheWatchParts {
  link: RedisLink;
  settings: Settings;
  clock: Clock;
  log: Log;
  metrics: Metrics;
}

/** Watches the replicas of the cache, and audits it where GUARD_CACHE_AUDIT_CRON says when. */
export function composeCacheWatch({ link, settings, clock, log, metrics }: CacheWatchParts): {
  stop: () => Promise<void>;
} {
  const { cacheLagSeconds: lagSeconds, cacheAuditCron: cron } = settings;
  const audit = cron
    ? openAudit({ settings, environment: process.env, hostDir: process.cwd(), link, clock, log })
    : undefined;
  const watch = startCacheWatch({
    link,
    lagSeconds,
    ...(cron && audit ? { audit: { cron, run: (signal: AbortSignal) => audit.run({ repairs: false, signal }) } } : {}),
    figures: figuresIn(metrics),
    clock,
    log,
  });
  return {
    async stop() {
      await watch.stop();
      await audit?.stop();
    },
  };
}

function figuresIn({ cacheReplicaLag, cacheReplicaBehind, cacheFindings, cacheAuditFailures }: Metrics): CacheFigures {
  return {
    replicas(lags) {
      cacheReplicaLag.reset();
      cacheReplicaBehind.reset();
      for (const { address: replica, lagSeconds, behindBytes } of lags) {
        cacheReplicaLag.set({ replica }, lagSeconds);
        cacheReplicaBehind.set({ replica }, behindBytes);
      }
    },
    audited({ found }: AuditReport) {
      for (const [kind, count] of Object.entries(found)) cacheFindings.set({ kind }, count);
    },
    auditFailed: (code) => cacheAuditFailures.inc({ code }),
  };
}
