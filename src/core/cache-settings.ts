import { z } from 'zod';
import { redisPlace } from './redis-place';
import { flag, whole, type Setting } from './setting-types';

/** What can be kept out of the cache. */
export const BYPASSES = ['signal-keys', 'groups'] as const;
export type Bypass = (typeof BYPASSES)[number];

/** Words separated by commas or spaces. */
export const listed = (text: string): string[] => text.split(/[\s,]+/).filter((each) => each !== '');

const bypasses = z
  .string()
  .transform(listed)
  .pipe(z.array(z.enum(BYPASSES, { error: `must be of ${BYPASSES.join(', ')}, separated by commas` })));

/** The part of the settings table that the cache has for itself. */
export const CACHE_SETTINGS = {
  cacheEnabled: {
    env: 'GUARD_CACHE',
    type: flag,
    form: 'true or false',
    default: true,
    meaning:
      'Read and write the cache of the host on the Redis primary alone, every call within a limit. Has an effect only where CACHE_REDIS_ENABLED is true.',
  },
  cacheRedis: {
    env: 'GUARD_CACHE_REDIS_URI',
    hostEnv: 'CACHE_REDIS_URI',
    type: redisPlace,
    form: 'URI or list of URLs',
    secret: true,
    meaning:
      'Redis of the cache: `redis://host:port/db`, several of them separated by commas, `redis+sentinel://host:port,host:port/name/db` or `redis+cluster://host:port,host:port`; with `rediss` for TLS. The primary among them is found; one replica is enough to find it. CACHE_REDIS_URI stays a plain URL, which the host itself can read.',
  },
  cachePrefix: {
    env: 'CACHE_REDIS_PREFIX_KEY',
    type: z.string(),
    form: 'text',
    default: 'evolution-cache',
    meaning: "The host's own variable: what its keys begin with.",
  },
  cacheTimeoutMs: {
    env: 'GUARD_CACHE_TIMEOUT_MS',
    type: whole(50, 60_000),
    form: 'whole number, 50 to 60000',
    default: 2_000,
    meaning:
      'Milliseconds within which every call of the cache ends, fail-over and repetition in it. While no primary is found for longer than that, calls end at once, as if nothing were there.',
  },
  cacheReplicas: {
    env: 'GUARD_CACHE_REPLICAS',
    type: whole(0, 10),
    form: 'whole number, 0 to 10',
    default: 0,
    meaning:
      'Replicas that must have a write of credentials before it counts (WAIT). 0: the primary alone. Has no effect on other keys, nor on a Cluster.',
  },
  cacheBypass: {
    env: 'GUARD_CACHE_BYPASS',
    type: bypasses,
    form: BYPASSES.join(', '),
    default: [] as Bypass[],
    meaning:
      'What is kept out of the cache: `signal-keys` go to the files of the instance, where the host keeps them without Redis (before the plugin is switched off, empty this and start once: the host alone looks for them in Redis), `groups` are asked of WhatsApp each time.',
  },
  cacheLocalSeconds: {
    env: 'GUARD_CACHE_LOCAL_SECONDS',
    type: whole(0, 600),
    form: 'whole number, 0 to 600',
    default: 0,
    meaning:
      'Seconds for which values are also kept in memory, unless Redis tells of a change before (client-side caching). Never for credentials, and not on a Cluster. 0: never.',
  },
  cacheLagSeconds: {
    env: 'GUARD_CACHE_LAG_SECONDS',
    type: whole(1, 3_600),
    form: 'whole number, 1 to 3600',
    default: 10,
    meaning: 'Seconds that a replica may lag behind the primary before an error is logged.',
  },
  cacheAuditCron: {
    env: 'GUARD_CACHE_AUDIT_CRON',
    type: z.string().min(1),
    form: 'cron expression',
    meaning:
      'When the cache is compared with the database by itself, such as `0 4 * * *`, in the time zone of the process; findings are logged and counted, nothing is changed. Absent: never.',
  },
} as const satisfies Record<string, Setting>;
