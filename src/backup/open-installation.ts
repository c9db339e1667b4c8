import type { Log } from '../core/log';
import type { Environment, Settings } from '../core/settings';
import { GuardError } from '../core/errors';
import { openCredentials } from '../stores/credentials/open';
import { openHostRows } from '../stores/open-host-rows';
import { openHostSettingsRows } from '../stores/open-host-settings-rows';
import type { Installation } from './make-backup';

export interface InstallationOptions {
  settings: Pick<Settings, 'hostDatabaseUri' | 'clientName'>;
  /** The host's. */
  environment: Environment;
  /** The folder that the host runs in. */
  hostDir: string;
  log: Log;
}

/** Opens no connection before the first use. @throws GuardError GUARD_SETTINGS_INVALID without a database. */
export async function openInstallation({
  settings: { hostDatabaseUri: uri, clientName },
  environment,
  hostDir,
  log,
}: InstallationOptions): Promise<{ installation: Installation; stop: () => Promise<void> }> {
  if (!uri) throw new GuardError('GUARD_SETTINGS_INVALID', '\n  - DATABASE_CONNECTION_URI: is not set\n');
  const instances = await openHostRows(uri, log);
  const settings = openHostSettingsRows({ uri, log });
  const credentials = openCredentials({ environment, hostDir, rows: instances, log });
  const stop = async () => {
    credentials.stop();
    await settings.stop();
    await instances.stop();
  };
  return { installation: { clientName, instances, settings, credentials: credentials.choice }, stop };
}
