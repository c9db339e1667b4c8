import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from './program';
import type { Progress } from './progress';

/** Builds this package where its dist is missing or older than its source: a patched host runs what is in dist. */
export function buildIfStale(progress: Progress): void {
  const built = modifiedAt(join(PACKAGE_ROOT, 'dist', 'src', 'index.js'));
  const changed = Math.max(...['src', 'patches'].map((folder) => newestIn(join(PACKAGE_ROOT, folder))));
  if (built >= changed) return;
  progress.say('building evolution-guard');
  // Standard output may be for figures alone.
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: PACKAGE_ROOT, stdio: ['ignore', 2, 2] });
}

function newestIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return Math.max(...files.map((file) => modifiedAt(join(folder, file))));
}

function modifiedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
