import { existsSync } from 'node:fs';
import type { Installation } from '../backup/make-backup';
import { openTarget } from '../backup/targets/open';
import type { BackupTarget } from '../backup/targets/target';
import { GuardError } from '../core/errors';
import { createLog } from '../core/log';
import { readSettings, type Environment, type Settings } from '../core/settings';
import { openCredentials } from '../stores/credentials/open';
import { openHostRows } from '../stores/open-host-rows';
import { openHostSettingsRows } from '../stores/open-host-settings-rows';
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
  const { hostDatabaseUri: uri, clientName } = place.settings;
  if (!uri) throw new GuardError('GUARD_SETTINGS_INVALID', '\n  - DATABASE_CONNECTION_URI: is not set\n');
  const log = createLog('silent');
  const rows = await openHostRows(uri, log);
  const settings = openHostSettingsRows({ uri, log });
  const credentials = openCredentials({ environment: place.environment, hostDir, rows, log });
  try {
    return await action({ clientName, instances: rows, settings, credentials: credentials.choice }, place);
  } finally {
    credentials.stop();
    await settings.stop();
    await rows.stop();
  }
}
