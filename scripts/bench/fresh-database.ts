import { Client } from 'pg';

let databases = 0;

/** Has work done on a new database of that server, and drops it. */
export async function onFreshDatabase<Result>(
  serverUrl: string,
  work: (databaseUrl: string) => Promise<Result>,
): Promise<Result> {
  databases += 1;
  const name = `bench_${databases}`;
  await administer(serverUrl, [`CREATE DATABASE ${name}`]);
  const result = await work(Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href);
  // The next one starts without what this one left to be written.
  await administer(serverUrl, [`DROP DATABASE ${name} WITH (FORCE)`, 'CHECKPOINT']);
  return result;
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
