import type { RedisServer } from '../../services';

/** The servers of one scenario, and what is told of them. */
export interface Servers {
  /** Those that may be primaries: they are watched. */
  members: readonly RedisServer[];
  /** How many replicas a primary has that may take its place. */
  replicas: number;
  isCluster: boolean;
  /** GUARD_CACHE_REDIS_URI */
  uri: string;
  /** CACHE_REDIS_URI of a host without the plugin: one plain URL is all that it can be told. */
  stockUrl: string;
  /** Which one Sentinels name as the primary, as soon as they agree; nothing where there are none. */
  named: () => Promise<string | undefined>;
  /** A primary, as it is now. */
  primaryUrl(): Promise<string>;
  /** Resolves when all is as at the start, whichever is the primary. */
  healed(): Promise<void>;
  stop(): Promise<void>;
}

/** What one scenario tells of what it does to its servers. */
export interface Stage {
  /** Runs a fault that ends with another primary. `cause` resolves when that was named. */
  readonly failOver: (cause: () => Promise<unknown>) => Promise<void>;
  /** Runs a fault that deletes everything. */
  readonly wipe: (cause: () => Promise<unknown>) => Promise<void>;
  /** Tells what was seen, for whoever reads the table. */
  readonly note: (text: string) => void;
}

export interface Scenario {
  readonly name: string;
  /** Starts servers of its own. */
  start(): Promise<Started>;
}

export interface Started {
  servers: Servers;
  /** Breaks them. Calls are made before and behind it for a while. */
  run(stage: Stage): Promise<void>;
}
