/** An instance of Baileys' channel, as far as its cache can be held against it. */
export interface AuditedInstance {
  id: string;
  name: string;
  /** open, close or connecting, as the host has noted it last. */
  connectionStatus: string;
  /** Set once it was paired. */
  ownerJid: string | null;
  /** Whether its row is as it was a day ago. */
  isSettled: boolean;
  /** Baileys' creds of its Session row, as the host has written them; null where there are none. */
  session: string | null;
}

/** The host's tables, as they are compared with its cache: each call is one statement, whatever the number of instances. */
export interface HostAuditRows {
  /** Those that are there, of every installation, those that were deleted and are kept among them. */
  readonly find: (ids: readonly string[], names: readonly string[]) => Promise<{ id: string; name: string }[]>;
  /** The row of Chatwoot by the name of its instance: columns by name, as the driver gives them. */
  readonly chatwoot: (names: readonly string[]) => Promise<Map<string, Readonly<Record<string, unknown>>>>;
  /** Of one installation (DATABASE_CONNECTION_CLIENT_NAME), by id: those that come after one, empty for the beginning. */
  readonly page: (clientName: string, afterId: string, limit: number) => Promise<AuditedInstance[]>;
  /** The same, by their ids. */
  readonly read: (clientName: string, ids: readonly string[]) => Promise<AuditedInstance[]>;
  readonly stop: () => Promise<void>;
}

/** A Chatwoot row with the name of its instance beside it. */
export type NamedRow = Record<string, unknown> & { nameOfInstance: string };

export function byName(rows: readonly NamedRow[]): Map<string, Record<string, unknown>> {
  return new Map(rows.map(({ nameOfInstance, ...row }) => [nameOfInstance, row]));
}
