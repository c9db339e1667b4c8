import { PatchConflictError } from './conflicts';
import { readBytes } from './files';
import { type Host, openHost, requireSupported } from './host';
import { MANIFEST_PATH, tarballPath } from './layout';
import { type Manifest, manifestText, readManifest, record } from './manifest';
import { planFile } from './plan-file';
import type { Packer } from './plugin-package';
import type { Release } from './recipe';
import { requireKnownStates, survey } from './survey';
import { type Change, commit, type Disk, nodeDisk } from './transaction';

export interface PlannedFile {
  path: string;
  /** As the host's authors wrote it. */
  original: string;
  current: string;
  patched: string;
}

/** All that `apply` is going to do, worked out before anything is written. */
export interface ApplyPlan {
  host: Host;
  files: readonly PlannedFile[];
  manifest: Manifest;
  tarball: string;
  /** The tarball of another release, which this one replaces. */
  outdatedTarball?: string;
  /** The host is already exactly as this release would make it. */
  upToDate: boolean;
}

export interface PlanOptions {
  /** Also hosts whose version is not in the list. */
  anyVersion?: boolean;
}

/**
 * Throws GUARD_HOST_NOT_FOUND, GUARD_HOST_VERSION, GUARD_PATCH_MANIFEST, GUARD_PATCH_HAND_CHANGED, or
 * GUARD_PATCH_CONFLICT (a PatchConflictError that lists every conflict).
 */
export function planApply(hostDir: string, release: Release, options: PlanOptions = {}): ApplyPlan {
  const host = openHost(hostDir);
  if (!options.anyVersion) requireSupported(host, release.supportedVersions);
  const recorded = readManifest(host.dir);
  const found = survey(host, release.recipes, recorded);
  requireKnownStates(found);

  const planned = found.map((file) => {
    const recipes = release.recipes.filter((recipe) => recipe.file === file.path);
    return { ...file, ...planFile(file, recipes) };
  });
  const conflicts = planned.flatMap((file) => file.conflicts);
  if (conflicts.length > 0) throw new PatchConflictError(conflicts);

  const manifest: Manifest = {
    guardVersion: release.version,
    hostVersion: host.version,
    files: planned
      .filter((file) => file.insertions.length > 0)
      .map((file) => record(file.path, file.original, file.patched, file.insertions)),
  };
  const tarball = tarballPath(release.version);
  const former = recorded && tarballPath(recorded.guardVersion);
  const files = planned.map(({ path, original, current, patched }) => ({ path, original, current, patched }));
  return {
    host,
    files,
    manifest,
    tarball,
    ...(former !== undefined && former !== tarball && { outdatedTarball: former }),
    upToDate:
      files.every((file) => file.current === file.patched) &&
      recorded !== undefined &&
      manifestText(recorded) === manifestText(manifest) &&
      readBytes(host.dir, tarball) !== undefined,
  };
}

/** Writes all of it or nothing. Throws GUARD_PATCH_UNBUILT and GUARD_PATCH_WRITE. */
export function apply(plan: ApplyPlan, pack: Packer, disk: Disk = nodeDisk): void {
  if (plan.upToDate) return;
  // The record goes first: after a power cut, files that it lists and that are still pristine are simply patched again.
  const changes: Change[] = [
    { path: plan.tarball, after: pack() },
    { path: MANIFEST_PATH, after: Buffer.from(manifestText(plan.manifest)) },
    ...plan.files
      .filter((file) => file.current !== file.patched)
      .map((file) => ({ path: file.path, after: Buffer.from(file.patched) })),
  ];
  if (plan.outdatedTarball !== undefined) changes.push({ path: plan.outdatedTarball, after: undefined });
  commit(plan.host.dir, changes, disk);
}
