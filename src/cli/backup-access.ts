import { existsSync } from 'node:fs';
import type { Installation } from '../backup/make-backup';
import { openInstallation } from '../backup/open-installation';
import { openTarget } from '../backup/targets/open';
import type { BackupTarget } from '../backup/targets/target';
import { GuardError } from '../core/errors';
import { createLog } from '../core/log';
import { readSettings, type Environment, type Settings } from '../core/settings';
import { hostEnvironment } from './host-environment';

export interface BackupPlace {
  target: BackupTarget;
  settings: Settings;
  environment: Environment;
}

/**
 * The place of a host's backups; the host need not run, nor its database.
 *
 * @throws GuardError
 */
export function openBackupPlace(hostDir: string): BackupPlace {
  if (!existsSync(hostDir)) throw new GuardError('GUARD_HOST_NOT_FOUND', `${hostDir} does not exist.`);
  const environment = hostEnvironment(hostDir, process.env);
  const settings = readSettings(environment);
  return { target: openTarget(settings, environment, hostDir), settings, environment };
}

/**
 * Opens a host's own tables and credentials as well, for one command: the host need not run.
 *
 * @throws GuardError
 */
export async function withInstallation<T>(
  hostDir: string,
  action: (installation: Installation, place: BackupPlace) => Promise<T>,
): Promise<T> {
  const place = openBackupPlace(hostDir);
  const { settings, environment } = place;
  const log = createLog('silent');
  const { installation, stop } = await openInstallation({ settings, environment, hostDir, log });
  try {
    return await action(installation, place);
  } finally {
    await stop();
  }
}
