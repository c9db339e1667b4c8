import { cpSync, lstatSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { apply, planApply } from '../../patches/engine/apply';
import { findPluginPackage, npmPacker } from '../../patches/engine/plugin-package';
import { planRevert, revert } from '../../patches/engine/revert';
import { release } from '../../patches/series';
import { Keeper } from '../services/keeper';
import { migrationsOf, requireBuilt, type Checkout } from './checkout';
import { PACKAGE_ROOT, type HostProgram } from './program';

const PLUGIN = 'evolution-guard';

/** Neither the operator's settings nor the sessions of their WhatsApp numbers are any business of a trial. */
const LEFT_BEHIND = new Set(['.git', '.env', 'instances']);

/**
 * A copy of the checkout's source, patched by our engine or with the patches taken out, that shares the checkout's
 * dependencies. It is gone when this process ends.
 */
export function copySource(checkout: Checkout, form: 'patched' | 'unpatched'): HostProgram {
  const folder = temporaryFolder();
  const absent = new Set([...LEFT_BEHIND, 'node_modules', 'dist']);
  for (const name of readdirSync(checkout.folder).filter((entry) => !absent.has(entry))) {
    cpSync(join(checkout.folder, name), join(folder, name), { recursive: true, verbatimSymlinks: true });
  }
  linkDependencies(join(checkout.folder, 'node_modules'), join(folder, 'node_modules'));

  const plugin = findPluginPackage(PACKAGE_ROOT);
  const ours = release(plugin.version);
  if (form === 'patched') apply(planApply(folder, ours), npmPacker(plugin));
  else revert(planRevert(folder, ours));
  return {
    name: `EvolutionAPI ${checkout.version}, source`,
    folder,
    args: ['--import', 'tsx', './src/main.ts'],
    migrations: migrationsOf(checkout),
    caches: true,
  };
}

/** The checkout's own dist/main.js, started in a folder that shows all of the checkout but takes what the host writes. */
export function viewBuilt(checkout: Checkout, form: 'patched' | 'unpatched'): HostProgram {
  requireBuilt(checkout, form);
  const folder = temporaryFolder();
  for (const name of readdirSync(checkout.folder).filter((entry) => !LEFT_BEHIND.has(entry))) {
    symlinkSync(join(checkout.folder, name), join(folder, name));
  }
  return {
    name: `EvolutionAPI ${checkout.version}, dist`,
    folder,
    args: ['dist/main.js'],
    migrations: migrationsOf(checkout),
    caches: true,
  };
}

/** Gone when this process is, which it does not keep from being ended. */
function temporaryFolder(): string {
  return new Keeper('host', 'SIGTERM').folder;
}

/** A folder of links, so that our own package can stand among the dependencies. */
function linkDependencies(original: string, links: string): void {
  mkdirSync(links);
  for (const name of readdirSync(original)) {
    const isScope = name.startsWith('@') && lstatSync(join(original, name)).isDirectory();
    if (isScope) linkDependencies(join(original, name), join(links, name));
    else if (basename(name) !== PLUGIN) symlinkSync(join(original, name), join(links, name));
  }
  if (basename(links) === 'node_modules') symlinkSync(PACKAGE_ROOT, join(links, PLUGIN));
}
