import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const manifest = z.object({ version: z.string() });

function versionIn(folder: string): string {
  try {
    return manifest.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))).version;
  } catch {
    return 'unknown';
  }
}

/** Compiled to dist/src, so the package's own folder lies two above; from source it lies one above. */
export const guardVersion = (): string => {
  const compiled = versionIn(join(__dirname, '..', '..', '..'));
  return compiled === 'unknown' ? versionIn(join(__dirname, '..', '..')) : compiled;
};

/** The host reads its package.json from the working directory, too (src/api/routes/index.router.ts). */
export const hostVersion = (): string => versionIn(process.cwd());
