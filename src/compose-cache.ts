import { join } from 'node:path';
import { readCacheHealth, type CacheHealth } from './cache/cache-health';
import { CredentialCache, redisLimitMs } from './cache/credential-cache';
import type { HostCache } from './cache/host-cache';
import { InboundWork } from './cache/inbound-work';
import { heldAlone } from './cache/judge-server';
import { LocalCopies } from './cache/local-copies';
import { NoCache } from './cache/no-cache';
import { PrimaryCache } from './cache/primary-cache';
import { seenCache } from './cache/seen-cache';
import { SignalKeyFiles } from './cache/signal-key-files';
import { SignalKeyMoves } from './cache/signal-key-moves';
import { SignalKeys } from './cache/signal-keys';
import { TolerantCache } from './cache/tolerant-cache';
import { UnreadCredentials } from './cache/waiting/unread-credentials';
import { WaitingCredentials } from './cache/waiting/waiting-credentials';
import { WriteBack } from './cache/waiting/write-back';
import { composeCacheWatch } from './compose-cache-watch';
import type { Random } from './core/backoff';
import type { Clock } from './core/clock';
import type { Log } from './core/log';
import { redisUrl } from './core/redis-place';
import type { Settings } from './core/settings';
import { sleep } from './core/sleep';
import { joinAuthState } from './host/auth-state-join';
import { joinCache } from './host/cache-seam';
import type { Host } from './host/handshake';
import { joinInbound } from './host/inbound-join';
import type { Metrics } from './metrics/metrics';
import { BypassedKeys } from './stores/credentials/bypassed-keys';
import { KeyHashes } from './stores/credentials/key-hashes';
import { readCredentialSettings } from './stores/credentials/open';
import { Invalidations } from './stores/redis/invalidations';
import { openRedis } from './stores/redis/open-redis';
import type { RedisLink } from './stores/redis/redis-link';

export interface ComposeCacheOptions {
  host: Host;
  settings: Settings;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Metrics;
}

export interface Cache {
  link: RedisLink;
  health(): Promise<CacheHealth>;
  /** A plain URL of the primary. Nothing while there is none, and for a Cluster, which has several. */
  primaryUrl(): string | undefined;
  stop(): Promise<void>;
}

/** For so long the start waits for the primary: instances read their credentials right after it. */
const START_MS = 3_000;
/** Between two reads of credentials that a primary which is there does not tell. */
const UNREAD_MS = 2_000;
/** The host's name for the hashes with credentials. */
const CREDENTIALS = 'instance';
/** The host's name for ids of messages that it has seen. */
const SEEN = 'baileys';

/** Wires the cache; the part of compose.ts that it has for itself. @returns nothing where it is off. */
export async function composeCache(options: ComposeCacheOptions): Promise<Cache | undefined> {
  const { host, settings, clock, random, log, metrics } = options;
  const { cacheRedis: place, cacheReplicas: replicas } = settings;
  if (!host.cache || !place) return undefined;
  const { config, channels, monitor } = host.cache;
  const { PREFIX_KEY: prefix, TTL: ttlSeconds } = config;
  const { cacheTimeoutMs } = settings;
  const open = (limitMs: number) => openRedis({ place, prefix, limitMs, clock, random, log });
  const link = open(cacheTimeoutMs);
  link.onChange((isUp) => {
    metrics.cacheUp.set(isUp ? 1 : 0);
    if (isUp) metrics.cacheConnects.inc();
  });
  // Of its own for credentials: WAIT holds up all that comes behind it on a connection.
  const confirmed = open(redisLimitMs(cacheTimeoutMs));
  await found(confirmed);

  const instancesDir = join(process.cwd(), 'instances');
  const waiting = new WaitingCredentials({ instancesDir, clock, log });
  const unread = new UnreadCredentials(log);
  const common = { prefix, ttlSeconds };
  const stored = new PrimaryCache({ ...common, link: confirmed, module: CREDENTIALS, replicas });
  const writeBack = new WriteBack({ link: confirmed, waiting, writes: stored, log, metrics });
  const copies: LocalCopies = new LocalCopies({
    link,
    isTold: () => invalidations?.isTold ?? false,
    keptMs: settings.cacheLocalSeconds * 1000,
    clock,
  });
  const credentialCache = (): HostCache => {
    const [credentials, files] = [
      new CredentialCache({ cache: stored, waiting, unread }),
      new BypassedKeys(instancesDir),
    ];
    const inFiles = settings.cacheBypass.includes('signal-keys');
    const hashes = new KeyHashes({ link: () => confirmed, prefix, instancesDir });
    const moves = new SignalKeyMoves({ inFiles, hashes, files, writes: stored, waiting, log });
    return new SignalKeys({
      credentials,
      keys: inFiles ? new SignalKeyFiles(files, unread) : credentials,
      files,
      moves,
    });
  };
  const modules = new Set<string>();
  joinCache((module): HostCache => {
    const tolerant = (cache: HostCache) => new TolerantCache({ cache, module, metrics, clock, log });
    if (module === CREDENTIALS) return tolerant(credentialCache());
    if (module === 'groups' && settings.cacheBypass.includes('groups')) return new NoCache();
    modules.add(module);
    const cache = tolerant(
      new PrimaryCache({ ...common, link: settings.cacheLocalSeconds > 0 ? copies : link, module }),
    );
    return module === SEEN ? seenCache(cache) : cache;
  });
  const invalidations: Invalidations | undefined =
    settings.cacheLocalSeconds > 0 && place.kind !== 'cluster'
      ? new Invalidations({
          link,
          place,
          prefixes: [...modules].map((module) => `${prefix}:${module}:`),
          changed: (names) => copies.changed(names),
          log,
        })
      : undefined;
  joinInbound(channels, new InboundWork(log), log);
  const stopping = new AbortController();
  joinAuthState({
    channels,
    monitor,
    isReadable: () => confirmed.state().isUp,
    readable: () => up(confirmed),
    pause: () => sleep(UNREAD_MS, stopping.signal),
    isUnread: (instanceId) => unread.all().includes(instanceId),
    log,
  });
  const watch = composeCacheWatch({ link, settings, clock, log, metrics });
  const credentials = readCredentialSettings(process.env);
  const expectations = {
    held: heldAlone(credentials, settings.cacheBypass),
    lagSeconds: settings.cacheLagSeconds,
  };
  return {
    link,
    health: () => readCacheHealth({ link, waiting, expectations, metrics, clock }),
    primaryUrl() {
      const { isUp, addresses } = link.state();
      const [address] = addresses;
      return isUp && address !== undefined && place.kind !== 'cluster' ? redisUrl(address, place) : undefined;
    },
    async stop() {
      await watch.stop();
      await writeBack.stop();
      invalidations?.stop();
      link.stop();
      confirmed.stop();
      stopping.abort(); // now that nothing can be read any more
    },
  };
}

/** Resolves when there is a primary, or soon after all the same. */
async function found(link: RedisLink): Promise<void> {
  const over = new AbortController();
  await Promise.race([up(link), sleep(START_MS, over.signal)]);
  over.abort();
}

function up(link: RedisLink): Promise<void> {
  if (link.state().isUp) return Promise.resolve();
  return new Promise((resolve) => {
    const end = link.onChange((isUp) => {
      if (!isUp) return;
      end();
      resolve();
    });
  });
}
