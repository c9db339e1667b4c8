import { beforeAll } from '@jest/globals';
import { get } from 'node:http';

/**
 * Servers for tests. A test that breaks its server starts one of its own, `startPostgres({ private: true })`, and stops
 * it; all others use the one that the whole run shares, each file in a database or virtual host of its own.
 */
export {
  startManagedRabbitmq,
  startMariadb,
  startPgbouncer,
  startPostgres,
  startRabbitmq,
  startRedis,
  startSecureMariadb,
  type ManagedRabbitmq,
  type RunningRabbitmq,
  type RunningService,
} from '../../scripts/services';

const INSTALL_MS = 10 * 60_000;

// Ahead of the hooks of the file that imports this: an install must not count against their time limit.
beforeAll(() => ask('binaries'), INSTALL_MS);

/** URLs of the shared servers. */
export const sharedPostgres = () => ask('postgres');
export const sharedMariadb = () => ask('mariadb');
export const sharedRedis = () => ask('redis');
export const sharedRabbitmq = () => ask('rabbitmq');

/** URL of an empty database on the shared PostgreSQL. It is gone after the run. */
export const createDatabase = () => ask('database');

/** The same on the shared MariaDB. */
export const createMariadbDatabase = () => ask('mariadb-database');

/** URL of an empty virtual host on the shared RabbitMQ. A broker that was given has but one for all files. */
export const createVhost = () => ask('vhost');

type Wish = 'postgres' | 'mariadb' | 'redis' | 'rabbitmq' | 'database' | 'mariadb-database' | 'vhost' | 'binaries';

/** Asks jest's own process, which holds the shared servers. */
function ask(wish: Wish): Promise<string> {
  return new Promise((resolve, reject) => {
    // No agent: a connection that is kept alive would count as a leak of the test file.
    const request = get(`${process.env['SHARED_SERVICES_URL']}/${wish}`, { agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error(text))));
    });
    request.on('error', reject);
  });
}
