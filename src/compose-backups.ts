import { exportInstance } from './backup/export-instance';
import { openInstallation } from './backup/open-installation';
import { startBackups } from './backup/scheduled-backups';
import { openTarget } from './backup/targets/open';
import type { Random } from './core/backoff';
import type { Clock } from './core/clock';
import { GuardError } from './core/errors';
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

/** A backup of one instance, to be handed out. @throws GuardError GUARD_INSTANCE_EXPORT where it could not be encrypted. */
export async function composeExport(
  instance: string,
  {
    settings,
    environment,
    hostDir,
    clock,
    log,
  }: Pick<BackupParts, 'settings' | 'environment' | 'hostDir' | 'log'> & { clock: Clock },
): Promise<{ name: string; body: Buffer }> {
  const { archiveKey: key } = settings;
  if (!key) throw new GuardError('GUARD_INSTANCE_EXPORT', 'There is no key.');
  const { installation, stop } = await openInstallation({ settings, environment, hostDir, log });
  return exportInstance(installation, instance, key, clock.now()).finally(stop);
}
