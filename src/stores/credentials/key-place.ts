/** The field with Baileys' credentials themselves, among the signal keys of an instance. */
export const CREDS = 'creds';

/** Where the host keeps named parts of a WhatsApp session; the values are JSON texts with Baileys' BufferJSON. */
export interface KeyPlace {
  /** Where that is, for people. */
  readonly place: string;
  /** Empty where there is nothing. @throws GuardError GUARD_CREDENTIALS_PLACE, as all do. */
  read(instanceId: string): Promise<Map<string, string>>;
  /** Replaces what is there. */
  write(instanceId: string, keys: ReadonlyMap<string, string>): Promise<void>;
  remove(instanceId: string): Promise<void>;
}
