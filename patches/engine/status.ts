import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Host, openHost } from './host';
import { tarballPath } from './layout';
import { type Manifest, readManifest } from './manifest';
import { planFile } from './plan-file';
import type { Recipe, Release } from './recipe';
import { type HostFile, survey } from './survey';

export type RecipeState = 'applied' | 'not applied' | 'not needed' | 'conflict' | 'changed by hand' | 'unrecorded';

export interface RecipeStatus {
  id: string;
  file: string;
  state: RecipeState;
  why: string;
  promise: string;
  removeWhen: string;
}

export interface Status {
  host: Host;
  supported: boolean;
  /** The release that is recorded as applied. */
  appliedVersion?: string;
  /** Whether the recorded release's tarball is where package.json points. */
  tarballPresent: boolean;
  recipes: readonly RecipeStatus[];
}

/** Reads only. Throws GUARD_HOST_NOT_FOUND, and GUARD_PATCH_MANIFEST when the record is unreadable. */
export function status(hostDir: string, release: Release): Status {
  const host = openHost(hostDir);
  const recorded = readManifest(host.dir);
  const files = survey(host, release.recipes, recorded);
  return {
    host,
    supported: release.supportedVersions.includes(host.version),
    ...(recorded && { appliedVersion: recorded.guardVersion }),
    tarballPresent: recorded !== undefined && existsSync(join(host.dir, tarballPath(recorded.guardVersion))),
    recipes: files.flatMap((file) =>
      release.recipes
        .filter((recipe) => recipe.file === file.path)
        .map((recipe) => {
          const { id, why, promise, removeWhen } = recipe;
          return { id, file: file.path, state: stateOf(recipe, file, recorded), why, promise, removeWhen };
        }),
    ),
  };
}

function stateOf(recipe: Recipe, file: HostFile, recorded: Manifest | undefined): RecipeState {
  switch (file.state) {
    case 'applied': {
      const insertions = recorded?.files.find(({ path }) => path === file.path)?.insertions ?? [];
      return insertions.some((insertion) => insertion.recipe === recipe.id) ? 'applied' : 'not applied';
    }
    case 'changed by hand':
    case 'unrecorded':
      return file.state;
    case 'absent':
      return recipe.optional ? 'not needed' : 'conflict';
    case 'pristine':
      return planFile(file, [recipe]).conflicts.length > 0 ? 'conflict' : 'not applied';
  }
}
