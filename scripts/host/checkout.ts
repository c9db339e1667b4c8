import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openHost } from '../../patches/engine/host';
import { MANIFEST_PATH } from '../../patches/engine/layout';

/** An operator's own EvolutionAPI. It is only ever read. */
export interface Checkout {
  folder: string;
  version: string;
}

/** @throws one line that says what the folder lacks. */
export function openCheckout(path: string): Checkout {
  // npm runs scripts in the folder of this package, whichever the path was written for.
  const { dir: folder, version } = openHost(resolve(process.env['INIT_CWD'] ?? '.', path));
  if (!existsSync(join(folder, 'node_modules', 'express'))) {
    throw new Error(`${folder} has no dependencies installed: run npm install and npm run db:generate there.`);
  }
  if (!existsSync(join(folder, 'node_modules', '.prisma', 'client'))) {
    throw new Error(`${folder} has no Prisma client: run npm run db:generate there.`);
  }
  return { folder, version };
}

/** The SQL files of the host's migrations, in the order in which Prisma applies them. */
export function migrationsOf({ folder }: Checkout): string[] {
  const migrations = join(folder, 'prisma', 'postgresql-migrations');
  return readdirSync(migrations)
    .sort()
    .map((name) => join(migrations, name, 'migration.sql'))
    .filter((file) => existsSync(file));
}

/** @throws unless dist/main.js is there, and was built from patched or from unpatched source, as it is wanted. */
export function requireBuilt({ folder }: Checkout, wanted: 'patched' | 'unpatched'): void {
  const bundle = join(folder, 'dist', 'main.js');
  if (!existsSync(bundle)) throw new Error(`${folder} has no dist/main.js: run npm run build there.`);
  const patched = existsSync(join(folder, MANIFEST_PATH));
  if (wanted === 'patched' && !patched) {
    throw new Error(`${folder} is not patched: run evolution-guard patch apply, npm install and npm run build.`);
  }
  const builtPatched = readFileSync(bundle, 'utf8').includes('evolution-guard/register');
  if (wanted === 'patched' && !builtPatched) {
    throw new Error(`${folder} was built before it was patched: run npm run build there.`);
  }
  if (wanted === 'unpatched' && builtPatched) {
    throw new Error(`${folder} was built with the patches: name an unpatched checkout to compare with.`);
  }
}
