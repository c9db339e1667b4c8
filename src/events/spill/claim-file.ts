import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Processes that may share a folder. */
const MOST_FILES = 32;

/**
 * Finds a spill file that no living process uses, and marks it as ours. Files of dead processes come first, as they may
 * hold events. Two containers that share a volume need a folder each: a process id means nothing in another container.
 *
 * @returns the path of the file, and what gives it back.
 * @throws errors of the file system as they come.
 */
export function claimFile(folder: string): { path: string; release: () => void } {
  mkdirSync(folder, { recursive: true });
  for (let number = 1; number <= MOST_FILES; number += 1) {
    const path = join(folder, `spill-${number}.log`);
    const lock = `${path}.pid`;
    if (isHeldByAnother(lock)) continue;
    rmSync(lock, { force: true });
    const descriptor = openSync(lock, 'wx');
    writeSync(descriptor, `${process.pid}`);
    closeSync(descriptor);
    return { path, release: () => rmSync(lock, { force: true }) };
  }
  throw new Error(`${MOST_FILES} processes use the spill files in ${folder} already`);
}

function isHeldByAnother(lock: string): boolean {
  try {
    const holder = Number(readFileSync(lock, 'utf8'));
    if (!Number.isInteger(holder) || holder <= 0 || holder === process.pid) return false;
    process.kill(holder, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
