import { describe, GuardError } from '../../core/errors';

export interface StoredBackup {
  name: string;
  bytes: number;
}

/** Where backups are. Everything throws GuardError GUARD_BACKUP_TARGET where the place cannot be used. */
export interface BackupTarget {
  /** For people. */
  readonly place: string;
  /** What else is there is not looked at. In no order. */
  list(): Promise<StoredBackup[]>;
  /** Where a backup of that name can be written before it is stored: a file that is not there yet. */
  draft(name: string): Promise<string>;
  /** Stores a whole backup, at once or not at all. The draft may be gone afterwards. */
  put(name: string, draft: string): Promise<void>;
  /** Its first bytes. @throws GuardError GUARD_BACKUP_UNKNOWN */
  head(name: string, bytes: number): Promise<Buffer>;
  /** Lends the backup as a file. @throws GuardError GUARD_BACKUP_UNKNOWN */
  withFile<T>(name: string, use: (file: string) => Promise<T>): Promise<T>;
  remove(name: string): Promise<void>;
}

/** @throws GuardError: GUARD_BACKUP_TARGET unless it has another code already. */
export async function atTarget<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GuardError) throw error;
    const cause = (error as Error).cause ?? error; // fetch itself says no more than that it failed
    throw new GuardError('GUARD_BACKUP_TARGET', `${place}: ${describe(cause)}.`, { cause: error });
  }
}
