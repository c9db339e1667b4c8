import { setTimeout as sleep } from 'node:timers/promises';
import { RedisGroup, type RedisServer } from '../../../services';
import { askRedis } from '../../../services/ask-redis';
import type { Scenario, Stage, Started } from '../scenario';

const DOWN_AFTER_MS = 1_000;
const REPLICAS = 2;

/** SENTINEL FAILOVER: the old primary lives, and nobody tells it for ten seconds that it is none any more. */
export const sentinelFailover = (times = 2): Scenario => ({
  name: 'sentinel-failover',
  start: () =>
    withGroup(async (group, { failOver }) => {
      for (let time = 0; time < times; time += 1) {
        await failOver(() => group.failOver());
        await group.healed();
      }
    }),
});

/** The primary is killed with SIGKILL, and is a replica when it comes back. */
export const sentinelKill = (times = 2): Scenario => ({
  name: 'sentinel-kill',
  start: () =>
    withGroup(async (group, { failOver }) => {
      for (let time = 0; time < times; time += 1) {
        const primary = await primaryOf(group);
        await failOver(async () => {
          await primary.kill();
          await group.untilPrimaryIsNot(primary);
        });
        await group.rejoin(primary);
        await group.healed();
      }
    }),
});

/** The primary stands still until another one has taken its place, and wakes up as a second one. */
export const sentinelSleep = (seconds = 4): Scenario => ({
  name: 'sentinel-sleep',
  start: () =>
    withGroup(async (group, { failOver, note }) => {
      const primary = await primaryOf(group);
      const asleepAt = performance.now();
      await failOver(async () => {
        fallAsleep(primary, seconds);
        await group.untilPrimaryIsNot(primary);
      });
      const tookSeconds = (performance.now() - asleepAt) / 1000;
      note(`another primary was named ${tookSeconds.toFixed(1)} s after the old one fell asleep for ${seconds} s`);
      await sleep(seconds * 1000 - tookSeconds * 1000);
      await group.healed();
    }),
});

/** DEBUG SLEEP: it answers when it wakes up, which nobody waits for. */
export function fallAsleep({ url }: RedisServer, seconds: number): void {
  askRedis(url, (client) => client.call('DEBUG', 'SLEEP', seconds)).catch(() => undefined);
}

async function withGroup(run: (group: RedisGroup, stage: Stage) => Promise<void>): Promise<Started> {
  const group = await RedisGroup.start({ downAfterMs: DOWN_AFTER_MS });
  const { members, uri } = group;
  const servers = {
    ...{ members, uri, replicas: REPLICAS, isCluster: false },
    stockUrl: members[0]?.url ?? '',
    named: async () => (await group.primary())?.url,
    primaryUrl: async () => (await primaryOf(group)).url,
    healed: () => group.healed(),
    stop: () => group.stop(),
  };
  return { servers, run: (stage) => run(group, stage) };
}

async function primaryOf(group: RedisGroup): Promise<RedisServer> {
  const primary = await group.primary();
  if (!primary) throw new Error('the Sentinels do not agree on a primary');
  return primary;
}
