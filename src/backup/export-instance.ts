import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBackup, type Installation } from './make-backup';
import { folderTarget } from './targets/folder';

/**
 * Makes a backup of one instance, to be handed out.
 *
 * @param at milliseconds since 1970: it is named after it. @throws GuardError as makeBackup does.
 */
export async function exportInstance(
  installation: Installation,
  instance: string,
  key: Buffer,
  at: number,
): Promise<{ name: string; body: Buffer }> {
  const folder = await mkdtemp(join(tmpdir(), 'evolution-guard-export-'));
  try {
    const target = folderTarget(folder);
    const { name } = await makeBackup(installation, target, { only: [instance], key, at, isScheduled: false });
    return { name, body: await target.withFile(name, (file) => readFile(file)) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
