import type { ListedBackup } from '../backup/list-backups';
import type { MadeBackup } from '../backup/make-backup';
import type { Restored } from '../backup/restore-backup';
import type { Answer } from './output';
import { lines, table } from './table';

export function createAnswer(backup: MadeBackup, place: string, isEncrypted: boolean): Answer {
  const { name, bytes, instances, withCredentials } = backup;
  const counts = `${instances.length} instances, ${withCredentials} of them with credentials, ${size(bytes)}`;
  return { text: lines([name, `${counts}, in ${place}`]), data: { place, backup: { ...backup, isEncrypted } } };
}

export function listAnswer(backups: readonly ListedBackup[], place: string): Answer {
  const rows = backups.map((backup) => {
    const { name, bytes } = backup;
    if (!backup.header) return [name, '-', '-', size(bytes), `cannot be used: ${backup.reason}`];
    const { madeAt, instances, isScheduled, isEncrypted } = backup.header;
    const kind = `${isScheduled ? 'scheduled' : 'by hand'}, ${isEncrypted ? 'encrypted' : 'plain'}`;
    return [name, madeAt, `${instances.length}`, size(bytes), kind];
  });
  const head = ['name', 'made', 'instances', 'size', 'kind'];
  const text = rows.length === 0 ? [`No backups in ${place}.`] : table([head, ...rows]);
  return { text: lines(text), data: { place, backups } };
}

export function restoreAnswer(restored: Restored, name: string, dryRun: boolean): Answer {
  const { madeAt, instances, leftOut } = restored;
  const rows = instances.map((each) => [
    each.name,
    each.id,
    `${each.rows} rows`,
    each.hasCredentials ? 'credentials' : 'no credentials',
  ]);
  const text = [
    dryRun ? `Would be restored, as of ${madeAt}:` : `Restored, as of ${madeAt}:`,
    ...table(rows),
    ...(leftOut.length > 0 ? [`Left out, as this host has no place for it: ${leftOut.join(', ')}`] : []),
    ...(dryRun ? ['Nothing was changed.'] : ['Start or restart the host: it loads instances at its start.']),
  ];
  return { text: lines(text), data: { backup: name, dryRun, ...restored } };
}

function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
