import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import type { HostProgram } from './program';

/** Makes the host's own tables in an empty database, with the host's own migrations. */
export async function createTables(program: HostProgram, databaseUrl: string): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    for (const file of program.migrations) await client.query(await readFile(file, 'utf8'));
  });
}

/** @returns the URL of a new, empty database beside the one that is named. */
export async function createDatabase(serverUrl: string, name: string): Promise<string> {
  await withClient(serverUrl, (client) => client.query(`CREATE DATABASE "${name}"`));
  return Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href;
}

async function withClient(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
