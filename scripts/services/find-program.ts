import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of the first executable of that name in `folders`, then in PATH. */
export function findProgram(name: string, folders: readonly string[] = []): string | undefined {
  return [...folders, ...(process.env['PATH'] ?? '').split(delimiter)]
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** The folders `<parent>/<any>/<child>`, highest version first. */
export function versionedFolders(parent: string, child: string): string[] {
  try {
    const versions = readdirSync(parent).sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
    return versions.map((version) => join(parent, version, child));
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
