import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { describe, GuardError } from '../../src/core/errors';
import { tarballPath } from './layout';

/** The folder that evolution-guard itself runs from. */
export interface PluginPackage {
  root: string;
  version: string;
  /** Relative to root. */
  main: string;
}

/** Gives the bytes of the tarball that the host installs. */
export type Packer = () => Buffer;

const ownPackage = z.object({ name: z.literal('evolution-guard'), version: z.string(), main: z.string() });

/** Looks from `folder` upwards, since compiled code stands deeper than its source. */
export function findPluginPackage(folder: string): PluginPackage {
  const file = join(folder, 'package.json');
  const found = existsSync(file) && ownPackage.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (found && found.success) return { root: folder, version: found.data.version, main: found.data.main };
  if (dirname(folder) === folder) throw new Error('evolution-guard does not find its own package.json');
  return findPluginPackage(dirname(folder));
}

/** Packs with npm, so that the tarball holds just what a published package would. Throws GUARD_PATCH_UNBUILT. */
export function npmPacker({ root, version, main }: PluginPackage): Packer {
  return () => {
    if (!existsSync(join(root, main))) throw new GuardError('GUARD_PATCH_UNBUILT', `${join(root, main)} is missing.`);
    const folder = mkdtempSync(join(tmpdir(), 'evolution-guard-'));
    try {
      execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root, stdio: 'pipe' });
      return readFileSync(join(folder, basename(tarballPath(version))));
    } catch (error) {
      throw new GuardError('GUARD_PATCH_UNBUILT', `${describe(error)}.`, { cause: error });
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}
