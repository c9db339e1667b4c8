import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CredentialCache, redisLimitMs } from '../../../src/cache/credential-cache';
import { PrimaryCache } from '../../../src/cache/primary-cache';
import { UnreadCredentials } from '../../../src/cache/waiting/unread-credentials';
import { WaitingCredentials } from '../../../src/cache/waiting/waiting-credentials';
import { WriteBack } from '../../../src/cache/waiting/write-back';
import { systemClock } from '../../../src/core/clock';
import { createLog } from '../../../src/core/log';
import { readSettings } from '../../../src/core/settings';
import { createMetrics } from '../../../src/metrics/metrics';
import { openRedis } from '../../../src/stores/redis/open-redis';
import type { RedisLink } from '../../../src/stores/redis/redis-link';
import { cachesOf, PREFIX, TTL_SECONDS, type Caches } from './items';

const LOOK_MS = 50;
/** What waits on the disk is looked at every two seconds. */
const PATIENCE_MS = 10_000;

export interface GuardedCaches {
  caches: Caches;
  /** Resolves when Redis has all that waits on the disk, or does not take it. */
  settled(): Promise<void>;
}

/**
 * Wired as in src/compose-cache.ts, without what keeps failures from the host: here they are to be seen. Resolves when a primary
 * is found.
 */
export async function guardedCaches(folder: string): Promise<GuardedCaches> {
  const { cacheRedis: place, cacheTimeoutMs, cacheReplicas: replicas, logLevel } = readSettings(process.env);
  if (!place) throw new Error('no Redis is named');
  const [clock, random, log] = [systemClock, Math.random, createLog(logLevel)];
  const open = (limitMs: number) => openRedis({ place, prefix: PREFIX, limitMs, clock, random, log });
  const link = open(cacheTimeoutMs);
  const confirmed = open(redisLimitMs(cacheTimeoutMs));
  await Promise.all([up(link), up(confirmed)]);

  const waiting = new WaitingCredentials({ instancesDir: join(folder, 'instances'), clock, log });
  const common = { prefix: PREFIX, ttlSeconds: TTL_SECONDS };
  const stored = new PrimaryCache({ ...common, link: confirmed, module: 'instance', replicas });
  new WriteBack({ link: confirmed, waiting, writes: stored, log, metrics: createMetrics() });
  const credentials = new CredentialCache({ cache: stored, waiting, unread: new UnreadCredentials(log) });
  return {
    caches: cachesOf((module) => (module === 'instance' ? credentials : new PrimaryCache({ ...common, link, module }))),
    async settled() {
      for (const end = performance.now() + PATIENCE_MS; waiting.size().writes > 0 && performance.now() < end;) {
        await sleep(LOOK_MS);
      }
    },
  };
}

async function up(link: RedisLink): Promise<void> {
  if (!link.state().isUp) await new Promise((resolve) => link.onChange((isUp) => isUp && resolve(undefined)));
}
