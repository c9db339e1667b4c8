import { GuardError } from '../../src/core/errors';
import { readText, sha256 } from './files';
import type { Host } from './host';
import { remove } from './insertions';
import { MANIFEST_PATH } from './layout';
import type { Manifest, PatchedFile } from './manifest';
import type { Recipe } from './recipe';

/**
 * - absent: the host has no such file
 * - pristine: nothing of ours is in it, whatever the record says (a new tag may have been checked out over it)
 * - applied: byte for byte as the record says
 * - changed by hand: recorded, has lines of ours, and is not what we wrote
 * - unrecorded: has lines of ours that no record tells of
 */
export type FileState = 'absent' | 'pristine' | 'applied' | 'changed by hand' | 'unrecorded';

export interface HostFile {
  path: string;
  state: FileState;
  /** Empty when absent. */
  current: string;
  /** Without our lines, which is known only of pristine and applied files. */
  original: string;
}

/** Looks at every file that the recipes or the record name. */
export function survey(host: Host, recipes: readonly Recipe[], manifest: Manifest | undefined): HostFile[] {
  const recorded = new Map(manifest?.files.map((file) => [file.path, file]));
  const paths = new Set([...recipes.map((recipe) => recipe.file), ...recorded.keys()]);
  return [...paths].map((path) => {
    const recipesHere = recipes.filter((recipe) => recipe.file === path);
    return look(path, readText(host.dir, path), recorded.get(path), recipesHere);
  });
}

/** Refuses when a file is in a state from which nothing can be worked out safely. */
export function requireKnownStates(files: readonly HostFile[]): void {
  const changed = files.filter((file) => file.state === 'changed by hand');
  if (changed.length > 0) throw new GuardError('GUARD_PATCH_HAND_CHANGED', `Changed: ${pathsOf(changed)}.`);

  const unrecorded = files.filter((file) => file.state === 'unrecorded');
  if (unrecorded.length > 0) {
    const detail = `${pathsOf(unrecorded)}: has lines of evolution-guard of which ${MANIFEST_PATH} does not tell.`;
    throw new GuardError('GUARD_PATCH_MANIFEST', detail);
  }
}

function look(path: string, text: string | undefined, recorded: PatchedFile | undefined, recipes: Recipe[]): HostFile {
  if (text === undefined) return { path, state: 'absent', current: '', original: '' };
  if (recorded && sha256(text) === recorded.sha256After) {
    return { path, state: 'applied', current: text, original: withoutRecorded(text, recorded) };
  }
  const pristine = !hasSeam(text, recipes) && !hasRecordedLine(text, recorded);
  const state = pristine ? 'pristine' : recorded ? 'changed by hand' : 'unrecorded';
  return { path, state, current: text, original: text };
}

function withoutRecorded(text: string, recorded: PatchedFile): string {
  const original = remove(text, recorded.insertions);
  if (sha256(original) === recorded.sha256Before) return original;
  const detail = `${recorded.path}: taking out what ${MANIFEST_PATH} lists does not give the file as it was.`;
  throw new GuardError('GUARD_PATCH_MANIFEST', detail);
}

function hasSeam(text: string, recipes: readonly Recipe[]): boolean {
  return recipes.some((recipe) => recipe.seam.test(text));
}

/** Covers lines of an older release whose recipe is gone or looks different now. */
function hasRecordedLine(text: string, recorded: PatchedFile | undefined): boolean {
  const lines = new Set(linesOf(text));
  return (recorded?.insertions ?? []).some((insertion) => linesOf(insertion.text).some((line) => lines.has(line)));
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function pathsOf(files: readonly HostFile[]): string {
  return files.map((file) => file.path).join(', ');
}
