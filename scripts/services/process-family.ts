import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Sends a signal; a process that is gone already is no mistake. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Stops a process and then its children, so that it cannot fork in between. Returns all of them. */
export function freeze(pid: number): number[] {
  signal(pid, 'SIGSTOP');
  const family = [pid, ...childrenOf(pid)];
  for (const member of family) signal(member, 'SIGSTOP');
  return family;
}

export function thaw(pid: number): void {
  for (const member of [pid, ...childrenOf(pid)]) signal(member, 'SIGCONT');
}

/** Resolves when all have ended. Orphans are not ours to wait for, so their end is polled. */
export async function gone(pids: readonly number[]): Promise<void> {
  while (pids.some(runs)) await sleep(5);
}

/** The processes that a server forked: PostgreSQL has one per connection. Known on Linux only. */
function childrenOf(pid: number): number[] {
  return readProcess(`${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/** A zombie has ended: whoever has to reap it may be in no hurry. */
function runs(pid: number): boolean {
  const state = readProcess(`${pid}/stat`).split(') ').at(-1);
  return Boolean(state) && !state?.startsWith('Z');
}

/** Empty for a process that is gone, and where there is no /proc. */
function readProcess(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}
