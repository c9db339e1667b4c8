/**
 * What a WhatsApp session consists of, as the host keeps it: JSON in which bytes are written as Baileys' BufferJSON does.
 */
export interface Credentials {
  /** Baileys' `creds`. */
  creds: string;
  /** Signal keys by the host's name for them: `pre-key-7`, `session-5511...`, `app-state-sync-key-...`. */
  keys: ReadonlyMap<string, string>;
}

/** Where the host keeps credentials: byte for byte as it reads and writes them itself. */
export interface CredentialStore {
  /** Where that is, for people. */
  readonly place: string;
  /** Undefined where there are no creds. */
  read(instanceId: string): Promise<Credentials | undefined>;
  /** Replaces what is there. */
  write(instanceId: string, credentials: Credentials): Promise<void>;
  /** Takes away creds and keys. */
  remove(instanceId: string): Promise<void>;
}
