import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection } from 'mariadb';
import { DockerContainer } from './docker-container';
import { findProgram } from './find-program';
import { freePort } from './free-port';
import { obtain, provide, type Recipe } from './obtain';
import { ServerProcess } from './server-process';
import { GivenService, type How, type RunningService, type StartOptions } from './service';
import { unprivilegedUser } from './unprivileged-user';

const run = promisify(execFile);

/** Syncs every commit, as the server does by default: what a test calls durable has to be. */
export function startMariadb(options: StartOptions = {}): Promise<RunningService> {
  return obtain(mariadb, options);
}

/** PEM files that the server may read. */
export interface Certificate {
  key: string;
  certificate: string;
}

/** A private one that takes no connection in the clear. Only from binaries of this machine. */
export async function startSecureMariadb({ key, certificate }: Certificate): Promise<RunningService> {
  const found = await provide(mariadb);
  if (!found) throw new Error(`No ${mariadb.name} on this machine: install ${mariadb.packages.join(' ')}.`);
  const secure = ['--require-secure-transport=ON', `--ssl-key=${key}`, `--ssl-cert=${certificate}`];
  return start(found.binaries, found.how, secure, '?sslaccept=accept_invalid_certs');
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
  start: (binaries, how) => start(binaries, how),
  contain: () =>
    DockerContainer.start({
      image: 'mariadb:11.4',
      port: 3306,
      environment: { MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: '1', MARIADB_DATABASE: 'test' },
      url: urlOf,
      answers,
    }),
};

async function start(
  { server, install }: Binaries,
  how: How,
  further: readonly string[] = [],
  parameters = '',
): Promise<RunningService> {
  const port = await freePort();
  const user = unprivilegedUser('mysql', 'nobody');
  return ServerProcess.start({
    name: 'mariadb',
    url: `${urlOf(port)}${parameters}`,
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
      return { command: server, args: [...own, ...place, ...further, `--pid-file=${join(folder, 'pid')}`] };
    },
    answers: () => answers(urlOf(port), parameters !== ''),
  });
}

function urlOf(port: number): string {
  return `mysql://root@127.0.0.1:${port}/test`;
}

async function answers(url: string, secure = false): Promise<void> {
  const { hostname: host, port } = new URL(url);
  const ssl = secure && { rejectUnauthorized: false };
  const connection = await createConnection({ host, port: Number(port), user: 'root', connectTimeout: 2000, ssl });
  await connection.end();
}
