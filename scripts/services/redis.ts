import { connect } from 'node:net';
import { DockerContainer } from './docker-container';
import { findProgram } from './find-program';
import { freePort } from './free-port';
import { obtain, type Recipe } from './obtain';
import { ServerProcess } from './server-process';
import { GivenService, type How, type RunningService, type StartOptions } from './service';

/** Keeps nothing on disk: it is empty after every restart. */
export function startRedis(options: StartOptions = {}): Promise<RunningService> {
  return obtain(redis, options);
}

/** Binaries are the path of redis-server. */
export const redis: Recipe<RunningService, string> = {
  name: 'Redis',
  variable: 'GUARD_TEST_REDIS_URL',
  packages: ['redis-server'],
  given: (url) => new GivenService(url, redis.variable),
  find: () => findProgram('redis-server'),
  start,
  contain: () => DockerContainer.start({ image: 'redis:7-alpine', port: 6379, url: urlOf, answers }),
};

async function start(binary: string, how: How): Promise<RunningService> {
  const port = await freePort();
  return ServerProcess.start({
    name: 'redis',
    url: urlOf(port),
    how,
    stopSignal: 'SIGTERM',
    prepare: (folder) => ({
      command: binary,
      args: ['--bind', '127.0.0.1', '--port', `${port}`, '--save', '', '--appendonly', 'no', '--dir', folder],
    }),
    answers: () => answers(urlOf(port)),
  });
}

function urlOf(port: number): string {
  return `redis://127.0.0.1:${port}`;
}

function answers(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), timeout: 2000 });
    socket.once('error', reject);
    socket.once('timeout', () => socket.destroy(new Error('no answer to PING within 2 s')));
    socket.once('close', () => reject(new Error('the connection was closed')));
    socket.once('data', (data) => {
      if (data.toString().startsWith('+PONG')) resolve();
      else reject(new Error(data.toString().trim()));
      socket.destroy();
    });
    socket.write('PING\r\n');
  });
}
