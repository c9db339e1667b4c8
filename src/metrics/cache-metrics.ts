/** The part of the metrics that the cache has for itself. */
export const CACHE_METRICS = {
  cacheReads: {
    name: 'guard_cache_reads_total',
    isHot: true,
    type: 'counter',
    help: 'Reads of the host from its cache, by outcome: hit, miss, or unknown where Redis did not answer in time.',
    labels: ['cache', 'outcome'],
  },
  cacheWrites: {
    name: 'guard_cache_writes_total',
    isHot: true,
    type: 'counter',
    help: 'Writes and deletes of the host in its cache, by outcome: done, or failed, which stock drops in silence.',
    labels: ['cache', 'outcome'],
  },
  cacheSeconds: {
    name: 'guard_cache_call_seconds',
    isHot: true,
    type: 'histogram',
    help: 'Time of calls of the host to its cache, fail-over and repetition in it. One call in 16 is measured.',
    labels: ['cache'],
    buckets: [0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 2.5],
  },
  cacheUp: {
    name: 'guard_cache_up',
    type: 'gauge',
    help: '1 while the primary of the Redis of the cache answers, else 0.',
    labels: [],
  },
  cacheConnects: {
    name: 'guard_cache_connects_total',
    type: 'counter',
    help: 'Times that the primary of the cache was found; above 1 each is a fail-over or a reconnect.',
    labels: [],
  },
  cacheReplicaLag: {
    name: 'guard_cache_replica_lag_seconds',
    type: 'gauge',
    help: 'Seconds since a replica of the cache last acknowledged anything.',
    labels: ['replica'],
  },
  cacheReplicaBehind: {
    name: 'guard_cache_replica_behind_bytes',
    type: 'gauge',
    help: 'Bytes that a replica of the cache has not acknowledged yet.',
    labels: ['replica'],
  },
  cacheEvictions: {
    name: 'guard_cache_evicted_keys',
    type: 'gauge',
    help: 'Keys that the Redis of the cache has evicted for want of memory since it was started.',
    labels: [],
  },
  cacheWaiting: {
    name: 'guard_cache_credentials_waiting',
    type: 'gauge',
    help: 'Fields of credentials that wait in files until Redis takes them.',
    labels: [],
  },
  cacheFindings: {
    name: 'guard_cache_audit_findings',
    type: 'gauge',
    help: 'Findings of the last scheduled comparison of cache and database, by kind: orphan, stale, missing.',
    labels: ['kind'],
  },
  cacheAuditFailures: {
    name: 'guard_cache_audit_failures_total',
    type: 'counter',
    help: 'Scheduled comparisons of cache and database that failed, by error code.',
    labels: ['code'],
  },
} as const;
