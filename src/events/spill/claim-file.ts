import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

/** Whose file it is: process id, and when that process was started, as an id is given again. */
const NAME = /^(\d+)-(\d+)-[\w-]+\.log$/;

/** A path that no other process, and no other start of this one, has. */
export function ownPath(folder: string): string {
  return join(folder, `${process.pid}-${startOf(process.pid) ?? 0}-${randomUUID()}.log`);
}

/**
 * Takes over the files of processes that are gone: by a rename, which of several processes only one can win. What was
 * being taken over by a process that is gone since bears that one's name, and is found again.
 * Two containers that share a volume need a folder each: neither sees the other's processes.
 *
 * @returns the paths they have now.
 */
export function takeOverLeftovers(folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder)
    .filter((name) => isLeftover(name))
    .flatMap((name) => {
      const path = ownPath(folder);
      try {
        renameSync(join(folder, name), path);
        return [path];
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // another process was faster
        throw error;
      }
    });
}

function isLeftover(name: string): boolean {
  const [, pid, start] = NAME.exec(name) ?? [];
  if (pid === undefined || start === undefined) return false;
  if (existsSync('/proc/self/stat')) return startOf(Number(pid)) !== Number(start);
  return Number(pid) === process.pid || !answers(Number(pid));
}

/** Field 22 of /proc/<pid>/stat (proc(5)): the start in clock ticks since boot. @returns undefined for no such process. */
function startOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  } catch {
    return undefined;
  }
}

/** Where there is no /proc: a process that was given the id since counts as alive, and its file waits for a later start. */
function answers(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
