import { Option, type Command } from 'commander';
import { listBackups } from '../backup/list-backups';
import { makeBackup } from '../backup/make-backup';
import { restoreBackup } from '../backup/restore-backup';
import { openBackupPlace, withInstallation } from './backup-access';
import { createAnswer, listAnswer, restoreAnswer } from './backup-answers';
import { hostCommand } from './host-command';
import { print } from './output';

interface RestoreOptions {
  instance: string[];
  dryRun?: true;
  credentialsOnly?: true;
  json?: true;
}

/** evolution-guard backup create|list|restore */
export function addBackupCommands(program: Command): void {
  const group = program
    .command('backup')
    .description('Back up instances with their settings and credentials, and bring them back. The host need not run.')
    .addHelpText('after', [CREATE, LIST, RESTORE].join('\n'));
  addCreate(group);
  addList(group);
  addRestore(group);
}

function addCreate(group: Command): void {
  hostCommand(group, 'create', 'Make a backup of all instances, or of some, at GUARD_BACKUP_TARGET.', CREATE)
    .addOption(instanceOption())
    .action(async (hostDir: string, options: { instance: string[]; json?: true }) => {
      const only = options.instance;
      const answer = await withInstallation(hostDir, async (installation, { target, settings }) => {
        const { archiveKey: key } = settings;
        const { credentials } = installation;
        if ('reason' in credentials) tell(`Without credentials: ${credentials.reason}`);
        const backup = await makeBackup(installation, target, {
          ...(only.length > 0 && { only }),
          key,
          at: Date.now(),
          isScheduled: false,
          progress: tell,
        });
        if (!key) tell('It is not encrypted, as GUARD_ARCHIVE_KEY is not set: keep it as you would keep the sessions.');
        return createAnswer(backup, target.place, key !== undefined);
      });
      print(answer, options.json === true);
    });
}

const instanceOption = () =>
  new Option('--instance <name>', 'only this instance; may be given several times')
    .argParser((name: string, names: string[]) => [...names, name])
    .default([], 'all');

function addList(group: Command): void {
  hostCommand(group, 'list', 'List the backups at GUARD_BACKUP_TARGET, the newest first.', LIST).action(
    async (hostDir: string, options: { json?: true }) => {
      const { target } = openBackupPlace(hostDir);
      print(listAnswer(await listBackups(target), target.place), options.json === true);
    },
  );
}

function addRestore(group: Command): void {
  hostCommand(group, 'restore', 'Bring instances back that are not there. Stop the host before.', RESTORE)
    .argument('<name>', 'of the backup, as the list has it')
    .addOption(instanceOption())
    .option('--dry-run', 'only tell what would come')
    .option('--credentials-only', 'write the credentials of instances that are there: over those that they have')
    .action(async (hostDir: string, name: string, options: RestoreOptions) => {
      const dryRun = options.dryRun === true;
      const restored = await withInstallation(hostDir, (installation, { target, settings }) =>
        restoreBackup(installation, target, name, {
          instances: options.instance,
          key: settings.archiveKey,
          dryRun,
          credentialsOnly: options.credentialsOnly === true,
          progress: tell,
        }),
      );
      print(restoreAnswer(restored, name, dryRun), options.json === true);
    });
}

/** Progress is not the answer. */
function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

const CREATE = `
Examples:
  $ evolution-guard backup create ~/evolution-api                    where GUARD_BACKUP_TARGET says
  $ evolution-guard backup create ~/evolution-api --instance shop    one instance alone
  $ GUARD_BACKUP_TARGET=/mnt/usb evolution-guard backup create ~/evolution-api --json`;

const LIST = `
Examples:
  $ evolution-guard backup list ~/evolution-api
  $ GUARD_BACKUP_TARGET=s3://backups/evolution evolution-guard backup list ~/evolution-api --json`;

const RESTORE = `
Examples:
  $ evolution-guard backup restore ~/evolution-api evolution-guard-evolution-20260131T030000Z.backup --dry-run
  $ evolution-guard backup restore ~/evolution-api evolution-guard-evolution-20260131T030000Z.backup
  $ evolution-guard backup restore ~/evolution-api evolution-guard-evolution-20260131T030000Z.backup --instance shop
  $ evolution-guard backup restore ~/evolution-api evolution-guard-evolution-20260131T030000Z.backup --credentials-only`;
