import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection } from 'mariadb';
import { DockerContainer } from './docker-container';
import { findProgram } from './find-program';
import { freePort } from './free-port';
import { obtain, type Recipe } from './obtain';
import { ServerProcess } from './server-process';
import { GivenService, type How, type RunningService, type StartOptions } from './service';
import { unprivilegedUser } from './unprivileged-user';

const run = promisify(execFile);

/** Syncs every commit, as the server does by default: what a test calls durable has to be. */
export function startMariadb(options: StartOptions = {}): Promise<RunningService> {
  return obtain(mariadb, options);
}

interface Binaries {
  server: string;
  install: string;
}

export const mariadb: Recipe<RunningService, Binaries> = {
  name: 'MariaDB',
  variable: 'GUARD_TEST_MYSQL_URL',
  packages: ['mariadb-server'],
  given: (url) => new GivenService(url, mariadb.variable),
  find() {
    const server = findProgram('mariadbd', ['/usr/sbin']);
    const install = findProgram('mariadb-install-db');
    return server && install ? { server, install } : undefined;
  },
  start,
  contain: () =>
    DockerContainer.start({
      image: 'mariadb:11.4',
      port: 3306,
      environment: { MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: '1', MARIADB_DATABASE: 'test' },
      url: urlOf,
      answers,
    }),
};

async function start({ server, install }: Binaries, how: How): Promise<RunningService> {
  const port = await freePort();
  const user = unprivilegedUser('mysql', 'nobody');
  return ServerProcess.start({
    name: 'mariadb',
    url: urlOf(port),
    how,
    user,
    stopSignal: 'SIGTERM',
    async prepare(folder) {
      // Nothing of the settings that the machine has for a server of its own.
      const own = ['--no-defaults', `--datadir=${join(folder, 'data')}`, '--skip-name-resolve'];
      // It comes with an empty database `test`.
      const root = '--auth-root-authentication-method=normal';
      await run(install, [...own, root], { ...user, cwd: folder });
      const place = ['--bind-address=127.0.0.1', `--port=${port}`, `--socket=${join(folder, 'socket')}`];
      return { command: server, args: [...own, ...place, `--pid-file=${join(folder, 'pid')}`] };
    },
    answers: () => answers(urlOf(port)),
  });
}

function urlOf(port: number): string {
  return `mysql://root@127.0.0.1:${port}/test`;
}

async function answers(url: string): Promise<void> {
  const { hostname: host, port } = new URL(url);
  const connection = await createConnection({ host, port: Number(port), user: 'root', connectTimeout: 2000 });
  await connection.end();
}
