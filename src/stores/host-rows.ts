/** A row of the host's Instance table, as far as it matters here. */
export interface HostInstance {
  id: string;
  name: string;
  /** open, close or connecting, as the host has noted it last. */
  connectionStatus: string;
  /** Set once it was paired. */
  ownerJid: string | null;
  integration: string | null;
  number: string | null;
  businessId: string | null;
  token: string | null;
  clientName: string | null;
}

/**
 * The host's own tables, reached with the host's own connection string. Which tables there are is read from the catalog, as
 * versions of the host differ: every table with a foreign key to Instance, and what hangs on those.
 */
export interface HostRows {
  readonly findByName: (name: string) => Promise<HostInstance | undefined>;
  readonly findById: (id: string) => Promise<HostInstance | undefined>;
  /** Of one installation (DATABASE_CONNECTION_CLIENT_NAME), by name. */
  readonly list: (clientName: string) => Promise<HostInstance[]>;
  /** Whether an instance was ever connected: the host notes who owns it. */
  readonly wasPaired: (id: string) => Promise<boolean>;
  /** Notes that it is not connected. */
  readonly close: (id: string) => Promise<void>;
  /** Takes it out of the host's sight in one statement: another name and client name, no token. @returns whether it was there. */
  readonly hide: (id: string, hidden: { name: string; clientName: string }) => Promise<boolean>;
  /** Gives it back; where it pairs, not connected. @throws GuardError GUARD_INSTANCE_NAME_TAKEN @returns whether it was there. */
  readonly show: (
    id: string,
    shown: { name: string; token: string | null; clientName: string | null },
  ) => Promise<boolean>;
  /** Baileys' creds, as the host has written them. */
  readonly readSession: (id: string) => Promise<string | undefined>;
  readonly writeSession: (id: string, creds: string) => Promise<void>;
  readonly deleteSession: (id: string) => Promise<void>;
  /** Rows that an instance has, by table, without its own. */
  readonly count: (id: string) => Promise<Record<string, number>>;
  /**
   * Deletes at most `limit` rows of one instance, what hangs on others first, and its own row when nothing else is left.
   *
   * @returns how many rows; 0: all of it is gone.
   */
  readonly purge: (id: string, limit: number) => Promise<number>;
  readonly stop: () => Promise<void>;
}
