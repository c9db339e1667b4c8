/** The part of the error registry that the cache has for itself. */
export const CACHE_ERRORS = {
  GUARD_CACHE_AWAY: {
    meaning: 'No primary of the Redis of the cache answers.',
    remedy:
      'Bring it back, and check GUARD_CACHE_REDIS_URI or CACHE_REDIS_URI; the host goes on as if nothing were in the cache, and credentials wait in files.',
  },
  GUARD_CACHE_LATE: {
    meaning: 'A command to the Redis of the cache did not end within GUARD_CACHE_TIMEOUT_MS.',
    remedy:
      'Look at its load and slow log (SLOWLOG GET), and at the network; raise the limit if the host may wait longer.',
  },
  GUARD_CACHE_REFUSED: {
    meaning: 'The Redis of the cache refused a command.',
    remedy: 'Read its answer above: it names memory, a permission, or a key of another type.',
  },
  GUARD_CACHE_DELETE: {
    meaning: 'A delete had no effect: the key is still there.',
    remedy:
      'Check what stands between the host and Redis (a proxy, a writable replica), then run evolution-guard cache audit.',
  },
  GUARD_CACHE_REPLICAS: {
    meaning: 'Too few replicas have a write of credentials.',
    remedy: 'Bring the replicas back, or lower GUARD_CACHE_REPLICAS; the write is on the primary, and is repeated.',
  },
  GUARD_CACHE_LAG: {
    meaning: 'A replica of the Redis of the cache is further behind than GUARD_CACHE_LAG_SECONDS.',
    remedy:
      'Look at the replica, its load and the network to it; until it has caught up, a fail-over to it loses what it lacks.',
  },
  GUARD_CACHE_MALFORMED: {
    meaning: 'A value in the cache is not as the host writes it.',
    remedy: 'Delete the key named above; the host makes it anew.',
  },
  GUARD_CREDENTIALS_WAITING: {
    meaning: 'Credentials could not be written to Redis; they wait in a file.',
    remedy: 'Bring Redis back: they are written to it then, in order. Keep the folder of the instances meanwhile.',
  },
  GUARD_CREDENTIALS_UNSAVED: {
    meaning: 'Credentials could be written neither to Redis nor to a file; they are in memory only.',
    remedy: 'Bring Redis back, or make room in the folder of the instances, before the host is stopped.',
  },
  GUARD_CREDENTIALS_UNREAD: {
    meaning: 'New credentials of an instance were not written: whether it has some already could not be read.',
    remedy: 'Bring Redis back; the instance is connected anew with the credentials that are there.',
  },
} as const;
