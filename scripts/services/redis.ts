import { answersPing } from './answers-ping';
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
  contain: () => DockerContainer.start({ image: 'redis:7-alpine', port: 6379, url: urlOf, answers: answersPing }),
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
    answers: () => answersPing(urlOf(port)),
  });
}

function urlOf(port: number): string {
  return `redis://127.0.0.1:${port}`;
}
