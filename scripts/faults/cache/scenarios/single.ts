import { setTimeout as sleep } from 'node:timers/promises';
import { RedisServer } from '../../../services';
import { askRedis } from '../../../services/ask-redis';
import type { Scenario, Stage, Started } from '../scenario';

/** Redis is killed with SIGKILL, and is back after a minute with all that it had. */
export const away = (seconds = 60): Scenario => ({
  name: 'away',
  start: () =>
    withServer(async (server) => {
      await server.kill();
      await sleep(seconds * 1000);
      await server.restart();
    }),
});

/** Redis stands still with its connections open, and goes on. */
export const silence = (seconds = 10): Scenario => ({
  name: 'silence',
  start: () =>
    withServer(async (server) => {
      await server.pause();
      await sleep(seconds * 1000);
      await server.resume();
    }),
});

/** Somebody deletes all that Redis holds, again and again. */
export const flushAll = (times = 5): Scenario => ({
  name: 'flushall',
  start: () =>
    withServer(async (server, { wipe }) => {
      for (let time = 0; time < times; time += 1) {
        await wipe(() => askRedis(server.url, (client) => client.flushall()));
        await sleep(1_000);
      }
    }),
});

/** What it acknowledged is in its file by then: a kill of the process alone loses nothing. */
async function withServer(run: (server: RedisServer, stage: Stage) => Promise<void>): Promise<Started> {
  const server = await RedisServer.start(['save ""', 'appendonly yes', 'appendfsync everysec']);
  const { url } = server;
  const servers = {
    ...{ members: [server], replicas: 0, isCluster: false, uri: url, stockUrl: url },
    named: () => Promise.resolve(undefined),
    primaryUrl: () => Promise.resolve(url),
    healed: () => Promise.resolve(),
    stop: () => server.stop(),
  };
  return { servers, run: (stage) => run(server, stage) };
}
