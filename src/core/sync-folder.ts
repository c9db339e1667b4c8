import { open } from 'node:fs/promises';

/** Without it a power cut may forget the names of files, and with them what was synced into the files. */
export async function syncFolder(folder: string): Promise<void> {
  const directory = await open(folder, 'r');
  await directory.sync().finally(() => directory.close());
}
