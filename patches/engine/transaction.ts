import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, GuardError } from '../../src/core/errors';
import { readBytes } from './files';

/** A file of the host and what it shall hold; undefined removes it. */
export interface Change {
  path: string;
  after: Buffer | undefined;
}

/** The few operations that change a disk, so that a failing disk can stand in for the real one. */
export interface Disk {
  /** Returns once the bytes are on the disk. The new file takes mode and owner from `like` if that exists. */
  write: (path: string, bytes: Buffer, like: string) => void;
  rename: (from: string, to: string) => void;
  remove: (path: string) => void;
}

interface Step {
  target: string;
  temporary: string;
  before: Buffer | undefined;
  after: Buffer | undefined;
}

export const nodeDisk: Disk = {
  write: writeSynced,
  rename: renameSync,
  remove: (path) => rmSync(path, { force: true }),
};

/**
 * Makes all changes or none. Everything new is first written beside its target; then the names are swapped, in the
 * order given. When a step fails, what was swapped is put back. Throws GUARD_PATCH_WRITE.
 */
export function commit(hostDir: string, changes: readonly Change[], disk: Disk): void {
  const steps: Step[] = changes.map(({ path, after }) => {
    const target = join(hostDir, path);
    return { target, temporary: `${target}.guard-new`, before: readBytes(hostDir, path), after };
  });
  const folders = [...new Set(steps.map((step) => dirname(step.target)))];
  const done: Step[] = [];
  try {
    for (const folder of folders) mkdirSync(folder, { recursive: true });
    for (const { target, temporary, after } of steps) if (after) disk.write(temporary, after, target);
    for (const step of steps) {
      if (step.after) disk.rename(step.temporary, step.target);
      else disk.remove(step.target);
      done.push(step);
    }
  } catch (error) {
    const stuck = done.reverse().filter((step) => !putBack(step, disk));
    for (const { temporary } of steps) rmSync(temporary, { force: true });
    const outcome =
      stuck.length === 0
        ? 'Every file is as it was before.'
        : `These could not be put back: ${stuck.map((step) => step.target).join(', ')}.`;
    throw new GuardError('GUARD_PATCH_WRITE', `${describe(error)}. ${outcome}`, { cause: error });
  } finally {
    for (const folder of folders) removeIfEmpty(folder);
  }
}

function putBack({ target, temporary, before }: Step, disk: Disk): boolean {
  try {
    if (before) {
      disk.write(temporary, before, target);
      disk.rename(temporary, target);
    } else {
      disk.remove(target);
    }
    return true;
  } catch {
    return false;
  }
}

function writeSynced(path: string, bytes: Buffer, like: string): void {
  const descriptor = openSync(path, 'w');
  try {
    writeFileSync(descriptor, bytes);
    const model = statSync(like, { throwIfNoEntry: false });
    if (model) {
      fchmodSync(descriptor, model.mode);
      // Only root may give files away; for anyone else they are their own already.
      if (process.getuid?.() === 0) fchownSync(descriptor, model.uid, model.gid);
    }
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function removeIfEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}
