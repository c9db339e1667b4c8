import { fork } from 'node:child_process';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Answer, Results, Task } from './task';

export interface Servers {
  databaseUrl: string;
  brokerUrl: string;
  profile?: string | undefined;
}

let databases = 0;

/** Runs one measurement in a child process, on a new database. */
export async function runTask<K extends keyof Results>(
  task: Extract<Task, { kind: K }>,
  { databaseUrl, brokerUrl, profile }: Servers,
): Promise<Results[K]> {
  databases += 1;
  const name = `bench_${databases}`;
  const url = new URL(databaseUrl);
  url.pathname = name;
  await administer(databaseUrl, [`CREATE DATABASE ${name}`]);
  const result = await inChild({ task, databaseUrl: url.toString(), brokerUrl }, profile);
  // The next one starts without what this one left to be written.
  await administer(databaseUrl, [`DROP DATABASE ${name} WITH (FORCE)`, 'CHECKPOINT']);
  return result as Results[K];
}

function inChild(assignment: object, profile: string | undefined): Promise<Results[keyof Results]> {
  const profiling = profile ? ['--cpu-prof', '--cpu-prof-dir', profile] : [];
  const child = fork(join(__dirname, 'child.js'), {
    execArgv: ['--expose-gc', ...profiling],
    // Its standard output would come between the lines of ours.
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  return new Promise((resolve, reject) => {
    let answer: Answer | undefined;
    child.once('message', (message: Answer) => (answer = message));
    child.once('error', reject);
    // Not before its exit: until then it would share the machine with the next one.
    child.once('exit', (code, signal) => {
      if (!answer) reject(new Error(`a contender ended early, with ${signal ?? code}`));
      else if ('error' in answer) reject(new Error(answer.error));
      else resolve(answer.result);
    });
    child.send(assignment);
  });
}

async function administer(databaseUrl: string, statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
