import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { findProgram } from './find-program';
import { freePort } from './free-port';
import { obtain, type Recipe } from './obtain';
import { ServerProcess } from './server-process';
import { GivenService, type How, type RunningService } from './service';
import { unprivilegedUser } from './unprivileged-user';

/** Fewer than the clients of a test: what holds on to a session would lock the others out. */
const POOL_SIZE = 2;

/** PgBouncer in transaction mode before a database on this machine. */
export function startPgbouncer(databaseUrl: string): Promise<RunningService> {
  return obtain(pgbouncer(databaseUrl), { private: true });
}

/** Binaries are the path of pgbouncer. */
const pgbouncer = (databaseUrl: string): Recipe<RunningService, string> => ({
  name: 'PgBouncer',
  variable: 'GUARD_TEST_PGBOUNCER_URL',
  packages: ['pgbouncer'],
  given: (url) => new GivenService(url, 'GUARD_TEST_PGBOUNCER_URL'),
  find: () => findProgram('pgbouncer', ['/usr/sbin']),
  start: (binary, how) => start(binary, how, new URL(databaseUrl)),
  contain: () => Promise.reject(new Error('Install pgbouncer: one in a container would not reach a database outside.')),
});

async function start(binary: string, how: How, database: URL): Promise<RunningService> {
  const port = await freePort();
  const name = database.pathname.slice(1);
  const url = `postgresql://${database.username}@127.0.0.1:${port}/${name}`;
  return ServerProcess.start({
    name: 'pgbouncer',
    url,
    how,
    user: unprivilegedUser('postgres', 'nobody'),
    stopSignal: 'SIGTERM',
    prepare(folder) {
      const settings = [
        '[databases]',
        `${name} = host=127.0.0.1 port=${database.port} user=${database.username}`,
        '[pgbouncer]',
        'listen_addr = 127.0.0.1',
        `listen_port = ${port}`,
        'unix_socket_dir =',
        'auth_type = any',
        'pool_mode = transaction',
        `default_pool_size = ${POOL_SIZE}`,
      ];
      const file = join(folder, 'pgbouncer.ini');
      writeFileSync(file, settings.join('\n'));
      return { command: binary, args: [file] };
    },
    answers: () => answers(url),
  });
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
