import Redis from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis, type RunningService } from '../../../services';
import { Hosts } from '../hosts';
import type { Scenario } from '../scenario';
import { SwitchingProxy } from '../switching-proxy';

const COMMON = { database: 'postgres', weight: 1, chats: 10, mostTypingMs: 100, alsoStock: false } as const;
const AWAY_MS = 2_000;
const LAG_MS = 500;
const FLUSH_EVERY_MS = 200;

/** Redis is killed with SIGKILL, and starts again without any lock. */
export const redisKill = (kills = 4): Scenario => ({
  ...COMMON,
  name: 'redis-kill',
  async run(stage) {
    const hosts = await Hosts.start(stage, 2);
    await hosts.sendAround(kills * 5, async () => {
      for (let kill = 0; kill < kills; kill += 1) {
        await sleep(Math.random() * 1_000);
        await stage.redis.kill();
        await sleep(AWAY_MS);
        await stage.redis.restart();
        await sleep(AWAY_MS);
      }
    });
  },
});

/** A replica becomes the primary, and lacks the locks of the last moments: replication lags. */
export const redisFailover = (failovers = 4): Scenario => ({
  ...COMMON,
  name: 'redis-failover',
  async run(stage) {
    const servers = await Promise.all([startRedis({ private: true }), startRedis({ private: true })]);
    stage.afterwards(async () => void (await Promise.all(servers.map((server) => server.stop()))));
    let [primary, replica] = servers;
    await follow(replica, primary);
    const proxy = await SwitchingProxy.start(primary.url);
    stage.afterwards(() => proxy.stop());
    const hosts = await Hosts.start(stage, 2, proxy.url);
    await hosts.sendAround(failovers * 4, async () => {
      for (let failover = 0; failover < failovers; failover += 1) {
        await sleep(1_000 + Math.random() * 1_000);
        await tell(replica, (client) => client.replicaof('NO', 'ONE'));
        await sleep(LAG_MS);
        await primary.kill();
        proxy.switchTo(replica.url);
        await sleep(AWAY_MS / 2);
        await primary.restart();
        await follow(primary, replica);
        [primary, replica] = [replica, primary];
      }
    });
  },
});

/** Somebody deletes all that Redis holds, again and again. */
export const redisFlush = (seconds = 10): Scenario => ({
  ...COMMON,
  name: 'redis-flush',
  async run(stage) {
    const hosts = await Hosts.start(stage, 2);
    await hosts.sendAround(seconds, async () => {
      for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(FLUSH_EVERY_MS)) {
        await tell(stage.redis, (client) => client.flushall());
      }
    });
  },
});

async function follow(replica: RunningService, primary: RunningService): Promise<void> {
  const { hostname, port } = new URL(primary.url);
  // It waits for more replicas before it sends its data to one.
  await tell(primary, (client) => client.config('SET', 'repl-diskless-sync-delay', '0'));
  await tell(replica, async (client) => {
    await client.replicaof(hostname, port);
    while (!(await client.info('replication')).includes('master_link_status:up')) await sleep(20);
  });
}

async function tell(server: RunningService, work: (client: Redis) => Promise<unknown>): Promise<void> {
  const client = new Redis(server.url);
  try {
    await work(client);
  } finally {
    client.disconnect();
  }
}
