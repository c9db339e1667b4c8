import { readBytes } from './files';
import { type Host, openHost } from './host';
import { MANIFEST_PATH, tarballPath } from './layout';
import { readManifest } from './manifest';
import type { Release } from './recipe';
import { requireKnownStates, survey } from './survey';
import { type Change, commit, type Disk, nodeDisk } from './transaction';

export interface RevertPlan {
  host: Host;
  /** The patched files with the text that they had before. Files that are pristine already are not among them. */
  files: readonly { path: string; original: string }[];
  /** What `apply` added and nothing else uses: the tarball and the record. */
  removed: readonly string[];
}

/** Throws GUARD_HOST_NOT_FOUND, GUARD_PATCH_MANIFEST or GUARD_PATCH_HAND_CHANGED. */
export function planRevert(hostDir: string, release: Release): RevertPlan {
  const host = openHost(hostDir);
  const recorded = readManifest(host.dir);
  const found = survey(host, release.recipes, recorded);
  requireKnownStates(found);
  const files = found.filter((file) => file.state === 'applied').map(({ path, original }) => ({ path, original }));
  const added = recorded ? [tarballPath(recorded.guardVersion), MANIFEST_PATH] : [];
  return { host, files, removed: added.filter((path) => readBytes(host.dir, path) !== undefined) };
}

/** Restores all of it or nothing. Throws GUARD_PATCH_WRITE. */
export function revert(plan: RevertPlan, disk: Disk = nodeDisk): void {
  const changes: Change[] = [
    ...plan.files.map((file) => ({ path: file.path, after: Buffer.from(file.original) })),
    ...plan.removed.map((path) => ({ path, after: undefined })),
  ];
  commit(plan.host.dir, changes, disk);
}
