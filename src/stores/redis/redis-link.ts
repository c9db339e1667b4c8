/** A command and its arguments, as redis-cli takes them. */
export type RedisCommand = readonly [name: string, ...args: (string | number)[]];

export interface RedisReplica {
  /** host:port */
  address: string;
  /** Seconds since it last acknowledged anything. */
  lagSeconds: number;
  /** Bytes of the replication stream that it has not acknowledged yet. */
  behindBytes: number;
  isOnline: boolean;
}

/** A primary, as it tells of itself. */
export interface RedisPrimary {
  /** host:port */
  address: string;
  /** The fields of INFO, by name. */
  info: ReadonlyMap<string, string>;
  replicas: RedisReplica[];
}

/** What is known about a link without asking anybody. */
export interface RedisLinkState {
  isUp: boolean;
  /** host:port of the primary; of several in a Cluster; the last ones while it is not up. */
  addresses: string[];
  /** Sentences for the operator: the URI leads to a replica, the role cannot be asked, ... */
  warnings: string[];
  /** Times that a primary was found, the first included. */
  connects: number;
}

/** The way to a Redis whose primary may move. Every command goes to a primary, and ends within the limit. */
export interface RedisLink {
  /**
   * Runs a command on the primary of its first key; where the primary has moved, once more on the new one.
   *
   * @param replicas so many must have what a write has written before it counts; not on a Cluster.
   * @returns the reply: text, number, null, or an array of them.
   * @throws GuardError GUARD_CACHE_AWAY, GUARD_CACHE_LATE, GUARD_CACHE_REFUSED with the server's answer, or
   *   GUARD_CACHE_REPLICAS where the write is on the primary, and on too few replicas.
   */
  run(command: RedisCommand, replicas?: number): Promise<unknown>;
  /**
   * Names of keys, in batches, from every primary. Does not block Redis; a name may come twice, and one that is there from
   * beginning to end comes at least once (SCAN).
   */
  scan(pattern: string): AsyncIterable<string[]>;
  /** Every primary with its replicas. @throws as run does. */
  primaries(): Promise<RedisPrimary[]>;
  state(): RedisLinkState;
  /** Calls back at every change of `isUp`. @returns what ends that. */
  onChange(changed: (isUp: boolean) => void): () => void;
  stop(): void;
}
