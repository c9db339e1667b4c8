import type { Random } from '../core/backoff';
import { every } from '../core/cron';
import { describe, GuardError } from '../core/errors';
import type { Log } from '../core/log';
import { sleep } from '../core/sleep';
import type { Metrics } from '../metrics/metrics';
import { backupName } from './backup-name';
import { pruneBackups } from './list-backups';
import { makeBackup, type Installation } from './make-backup';
import type { BackupTarget } from './targets/target';

export interface ScheduledBackupsOptions {
  /** GUARD_BACKUP_CRON */
  cron: string;
  installation: Installation;
  target: BackupTarget;
  key: Buffer | undefined;
  /** GUARD_BACKUP_KEEP */
  keep: number;
  random: Random;
  log: Log;
  metrics: Pick<Metrics, 'backupsMade' | 'backupsFailed' | 'backupTime'>;
  /** Where runs come from: `every`. */
  schedule?: typeof every;
}

/** Processes of one installation look at different times whether another has made the backup of this minute. */
const SPREAD_MS = 20_000;

/**
 * Makes backups by themselves. Of several processes one makes each: it is named after its minute, and who finds it at the
 * place leaves it at that. Where two look at the same time both make it, and the later takes the place of the earlier, whole.
 *
 * @returns what stops them: a backup that is under way is given up.
 * @throws GuardError GUARD_SETTINGS_INVALID for an expression that is none.
 */
export function startBackups({ schedule = every, ...options }: ScheduledBackupsOptions): { stop: () => Promise<void> } {
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const end = schedule(
    'GUARD_BACKUP_CRON',
    options.cron,
    (minute) => (running = runOnce(options, minute, stopping.signal)),
  );
  return {
    stop: async () => {
      end();
      stopping.abort();
      await running;
    },
  };
}

/** Never throws: the host must not end by it. */
async function runOnce(
  options: Omit<ScheduledBackupsOptions, 'schedule'>,
  minute: number,
  signal: AbortSignal,
): Promise<void> {
  const { installation, target, key, keep, random, log, metrics } = options;
  const { clientName, credentials } = installation;
  try {
    await sleep(random() * SPREAD_MS, signal);
    if (signal.aborted) return;
    const name = backupName(clientName, minute);
    if ((await target.list()).some((backup) => backup.name === name)) {
      log.debug({ name }, 'another process has made this backup');
    } else {
      const { bytes, instances } = await makeBackup(installation, target, {
        key,
        at: minute,
        isScheduled: true,
        signal,
      });
      metrics.backupsMade.inc();
      log.info({ name, bytes, instances: instances.length }, 'a backup was made');
      if ('reason' in credentials) log.warn({ name, detail: credentials.reason }, 'the backup is without credentials');
      const gone = await pruneBackups(target, clientName, keep);
      if (gone.length > 0) log.info({ gone }, 'old backups were deleted');
    }
    metrics.backupTime.set(minute / 1000);
  } catch (error) {
    if (signal.aborted) return;
    const code = error instanceof GuardError ? error.code : 'unexpected';
    metrics.backupsFailed.inc({ code });
    log.error({ code, detail: describe(error) }, 'a scheduled backup failed; the next one comes at its time');
  }
}
