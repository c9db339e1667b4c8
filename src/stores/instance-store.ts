/** What a person or a program sees of a connection. */
export const CONNECTION_STATES = ['open', 'connecting', 'close'] as const;
export type ConnectionState = (typeof CONNECTION_STATES)[number];

/** The state of an instance's connection, as all processes know it. */
export interface StateRecord {
  instanceId: string;
  /** Only ever rises, by one with each change. */
  version: number;
  state: ConnectionState;
  /** Milliseconds since 1970, by the clock of the database: when that state began. */
  since: number;
  /** Why: what Baileys gave, or who asked. */
  reason: string;
  /** The process that has the socket, or had it last. */
  owner: string;
}

/** What has happened to an instance. `at` is milliseconds since 1970. */
export interface HistoryEntry {
  seq: number;
  instanceId: string;
  /** Its name then. */
  name: string;
  at: number;
  /** `open -> close`, `archived`, `reset`, `hidden`, `restored`, ...: for people. */
  event: string;
  reason: string;
  /** The version of the state after it, where the state changed. */
  version: number | null;
}

/** Work on an instance that has several steps, and is finished by whoever finds it when its process has died. */
export interface InstanceOperation {
  /** UUID, version 7. */
  id: string;
  instanceId: string;
  name: string;
  kind: 'logout' | 'delete' | 'restore' | 'purge';
  /** The step that comes next. */
  step: string;
  /** What steps hand on to later ones: small JSON. */
  data: Record<string, unknown>;
  /** How often a process has taken it up. */
  attempts: number;
}

/** What is known of stored credentials. */
export interface ArchiveRecord {
  /** UUID, version 7. */
  id: string;
  instanceId: string;
  name: string;
  reason: string;
  isEncrypted: boolean;
  /** Of the stored body. */
  bytes: number;
  /** Milliseconds since 1970. */
  takenAt: number;
}

/** An instance that somebody deleted. */
export interface Tombstone {
  instanceId: string;
  /** The name that it had. */
  name: string;
  token: string | null;
  clientName: string | null;
  integration: string | null;
  /** Milliseconds since 1970. */
  deletedAt: number;
  /** From then on it is purged. Milliseconds since 1970. */
  purgeAfter: number;
  /** Its credentials, where it had any. */
  archiveId: string | null;
}

/** What the plugin knows of instances, whatever database holds it. All clocks in it are the database's unless said otherwise. */
export interface InstanceStore {
  /**
   * Changes the state if nobody has done so since `version` was read; 0: none is known yet. Writes the history as well.
   *
   * @returns the state as it is now, and whether this call has changed it.
   */
  readonly changeState: (
    change: { instanceId: string; name: string; state: ConnectionState; reason: string; owner: string },
    version: number,
  ) => Promise<{ changed: boolean; record: StateRecord }>;
  /** States of these instances; what is not known is left out. */
  readonly states: (instanceIds: readonly string[]) => Promise<StateRecord[]>;
  /** Adds to the history. */
  readonly note: (entry: { instanceId: string; name: string; event: string; reason: string }) => Promise<void>;
  /** The newest first, `limit` of those before that seq. */
  readonly history: (instanceId: string, beforeSeq: number, limit: number) => Promise<HistoryEntry[]>;

  /**
   * Begins work, leased to its process for so long. At most one per instance is open.
   *
   * @returns the one that is open already, if there is one, and that is not the same.
   */
  readonly begin: (
    operation: Omit<InstanceOperation, 'attempts'>,
    owner: string,
    leaseMs: number,
  ) => Promise<InstanceOperation | undefined>;
  /** Notes the next step and renews the lease. @returns whether it still is the owner's. */
  readonly advance: (
    id: string,
    owner: string,
    step: string,
    data: Record<string, unknown>,
    leaseMs: number,
  ) => Promise<boolean>;
  /** Renews the leases of these, where they are the owner's. */
  readonly renew: (ids: readonly string[], owner: string, leaseMs: number) => Promise<void>;
  /** Ends work. `error`: it was given up. @returns whether it still was the owner's. */
  readonly end: (id: string, owner: string, error?: string) => Promise<boolean>;
  /** Takes up open work whose lease is over, the oldest first. */
  readonly adopt: (owner: string, leaseMs: number, limit: number) => Promise<InstanceOperation[]>;
  /** Everything open, the oldest first. */
  readonly operations: () => Promise<(InstanceOperation & { owner: string })[]>;

  /** Stores credentials, durably and whole. A repeat of one that is there changes nothing. */
  readonly archive: (record: Omit<ArchiveRecord, 'bytes' | 'takenAt'>, body: Buffer) => Promise<void>;
  /** Of an instance, the newest first. */
  readonly archives: (instanceId: string) => Promise<ArchiveRecord[]>;
  readonly readArchive: (id: string) => Promise<{ record: ArchiveRecord; body: Buffer } | undefined>;
  /**
   * Deletes archives taken before the given time (milliseconds since 1970), other than the newest of each instance.
   *
   * @returns how many.
   */
  readonly purgeArchives: (before: number, limit: number) => Promise<number>;

  /** A repeat of one that is there changes nothing. `deletedAt` is the database's. */
  readonly bury: (tombstone: Omit<Tombstone, 'deletedAt' | 'purgeAfter'>, retentionMs: number) => Promise<void>;
  /** The newest first. */
  readonly tombstones: () => Promise<Tombstone[]>;
  /** Of an id, or all of a name, the newest first. */
  readonly findTombstones: (idOrName: string) => Promise<Tombstone[]>;
  /** Those whose retention is over, the oldest first. */
  readonly due: (limit: number) => Promise<Tombstone[]>;
  /** The instance is back, or gone for good. */
  readonly unbury: (instanceId: string) => Promise<void>;
  /** Forgets state, archives and tombstone of an instance that is gone for good; the history stays. */
  readonly forget: (instanceId: string) => Promise<void>;
  /** Deletes at most `limit` lines of history from before the given time (milliseconds since 1970). @returns how many. */
  readonly purgeHistory: (before: number, limit: number) => Promise<number>;
}
