import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { DockerContainer } from './docker-container';
import { copyInto, embeddedPostgres } from './embedded-postgres';
import { findProgram, versionedFolders } from './find-program';
import { freePort } from './free-port';
import type { User } from './keeper';
import { obtain, type Recipe } from './obtain';
import { ServerProcess } from './server-process';
import { GivenService, type How, type RunningService, type StartOptions } from './service';
import { unprivilegedUser } from './unprivileged-user';

const run = promisify(execFile);

/** fsync stays on: what a test calls durable has to be. */
export function startPostgres(options: StartOptions = {}): Promise<RunningService> {
  return obtain(postgres, options);
}

/** Binaries are the folder that holds initdb and postgres. */
export const postgres: Recipe<RunningService, string> = {
  name: 'PostgreSQL',
  variable: 'GUARD_TEST_POSTGRES_URL',
  packages: ['postgresql'],
  given: (url) => new GivenService(url, postgres.variable),
  find() {
    const initdb = findProgram('initdb', versionedFolders('/usr/lib/postgresql', 'bin'));
    return initdb && dirname(initdb);
  },
  embedded: embeddedPostgres,
  start,
  contain: () =>
    DockerContainer.start({
      image: 'postgres:17-alpine',
      port: 5432,
      environment: { POSTGRES_HOST_AUTH_METHOD: 'trust' },
      url: urlOf,
      answers,
    }),
};

async function start(binaries: string, how: How): Promise<RunningService> {
  const port = await freePort();
  const user = unprivilegedUser('postgres', 'nobody');
  return ServerProcess.start({
    name: 'postgres',
    url: urlOf(port),
    how,
    user,
    // A fast shutdown: SIGTERM would wait until every client has left.
    stopSignal: 'SIGINT',
    async prepare(folder) {
      const bin = (await isOpenTo(user, binaries)) ? binaries : copyInto(folder, binaries);
      const data = join(folder, 'data');
      const options = ['--auth=trust', '--username=postgres', '--encoding=UTF8', '--locale=C', '--no-sync'];
      await run(join(bin, 'initdb'), ['--pgdata', data, ...options], { ...user, cwd: folder });
      const settings = ['listen_addresses=127.0.0.1', `port=${port}`, `unix_socket_directories=${folder}`];
      return { command: join(bin, 'postgres'), args: ['-D', data, ...settings.flatMap((setting) => ['-c', setting])] };
    },
    answers: () => answers(urlOf(port)),
  });
}

function urlOf(port: number): string {
  return `postgresql://postgres@127.0.0.1:${port}/postgres`;
}

async function answers(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end();
  }
}

/** A checkout below the home of root is closed to every other user. */
async function isOpenTo(user: User | undefined, binaries: string): Promise<boolean> {
  return run(join(binaries, 'postgres'), ['--version'], { ...user, cwd: '/' }).then(
    () => true,
    () => false,
  );
}
