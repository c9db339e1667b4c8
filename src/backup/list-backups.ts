import { GuardError } from '../core/errors';
import { findHeader, parseHeader, type BackupHeader } from './backup-file';
import { stampOf } from './backup-name';
import type { BackupTarget, StoredBackup } from './targets/target';

/** `header` is absent where there is no telling what it is: damaged, or made by a later release. */
export type ListedBackup = StoredBackup & ({ header: BackupHeader } | { header?: never; reason: string });

/** All backups at a place, the newest first. @throws GuardError GUARD_BACKUP_TARGET */
export async function listBackups(target: BackupTarget): Promise<ListedBackup[]> {
  const stored = await target.list();
  const order = (a: StoredBackup, b: StoredBackup) =>
    (stampOf(b.name) ?? '').localeCompare(stampOf(a.name) ?? '') || a.name.localeCompare(b.name);
  const listed: ListedBackup[] = [];
  for (const backup of stored.sort(order)) {
    const look = await lookAt(target, backup.name);
    if (look) listed.push({ ...backup, ...look });
  }
  return listed;
}

/** Undefined: it is gone meanwhile. */
async function lookAt(
  target: BackupTarget,
  name: string,
): Promise<{ header: BackupHeader } | { reason: string } | undefined> {
  try {
    return { header: parseHeader(await findHeader((bytes) => target.head(name, bytes))) };
  } catch (error) {
    if (!(error instanceof GuardError)) throw error;
    if (error.code === 'GUARD_BACKUP_UNKNOWN') return undefined;
    if (error.code === 'GUARD_BACKUP_FOREIGN') return { reason: error.detail };
    throw error;
  }
}

/**
 * Deletes scheduled backups of an installation but for the newest ones. Those that somebody made by hand stay.
 *
 * @returns the names of those that are gone.
 */
export async function pruneBackups(target: BackupTarget, clientName: string, keep: number): Promise<string[]> {
  const scheduled = (await listBackups(target)).filter(
    ({ header }) => header?.isScheduled === true && header.clientName === clientName,
  );
  const old = scheduled.slice(keep).map(({ name }) => name);
  for (const name of old) await target.remove(name);
  return old;
}
