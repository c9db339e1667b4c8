import { join } from 'node:path';
import { onFreshDatabase } from '../fresh-database';
import { inChild } from '../in-child';
import type { Stage } from './sender';
import type { Results, Task } from './task';

export interface Servers extends Stage {
  profile?: string | undefined;
}

/** Runs one measurement in a child process, on a new database. */
export async function runTask<K extends keyof Results>(
  task: Extract<Task, { kind: K }>,
  { databaseUrl: serverUrl, redisUrl, profile }: Servers,
): Promise<Results[K]> {
  return onFreshDatabase(serverUrl, (databaseUrl) =>
    inChild<Results[K]>(join(__dirname, 'child.js'), { task, databaseUrl, redisUrl }, profile),
  );
}
