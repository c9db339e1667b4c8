import { openInstallation } from './backup/open-installation';
import { startBackups } from './backup/scheduled-backups';
import { openTarget } from './backup/targets/open';
import type { Random } from './core/backoff';
import type { Log } from './core/log';
import type { Environment, Settings } from './core/settings';
import type { Metrics } from './metrics/metrics';

export interface BackupParts {
  /** GUARD_BACKUP_CRON */
  cron: string;
  settings: Settings;
  environment: Environment;
  /** The folder that the host runs in. */
  hostDir: string;
  random: Random;
  log: Log;
  metrics: Metrics;
}

/**
 * Wires scheduled backups.
 *
 * @throws GuardError GUARD_BACKUP_TARGET and GUARD_SETTINGS_INVALID, for settings that can never lead to a backup.
 */
export async function composeBackups(parts: BackupParts): Promise<{ stop: () => Promise<void> }> {
  const { cron, settings, environment, hostDir, random, log, metrics } = parts;
  const { archiveKey: key, backupKeep: keep } = settings;
  const target = openTarget(settings, environment, hostDir);
  const { installation, stop } = await openInstallation({ settings, environment, hostDir, log });
  const backups = startBackups({ cron, installation, target, key, keep, random, log, metrics });
  return {
    stop: async () => {
      await backups.stop();
      await stop();
    },
  };
}
