import { setTimeout as sleep } from 'node:timers/promises';
import { RedisCluster, type RedisServer } from '../../../services';
import type { Scenario, Stage, Started } from '../scenario';
import { fallAsleep } from './sentinel';

/** CLUSTER FAILOVER of each primary: it hands over to its replica. */
export const clusterFailover = (): Scenario => ({
  name: 'cluster-failover',
  start: () =>
    withCluster(async (cluster, { failOver }) => {
      for (const primary of await cluster.primaries()) {
        await failOver(() => cluster.failOver(primary));
        await cluster.healed();
      }
    }),
});

/** A primary is killed with SIGKILL, and comes back when its replica has taken its place. */
export const clusterKill = (): Scenario => ({
  name: 'cluster-kill',
  start: () =>
    withCluster(async (cluster, { failOver }) => {
      const primary = await primaryOf(cluster);
      const replica = await cluster.replicaOf(primary);
      await failOver(async () => {
        await primary.kill();
        await cluster.untilServes(replica);
      });
      await primary.restart();
      await cluster.healed();
    }),
});

/** A primary stands still until its replica has taken its place, and wakes up as a second one. */
export const clusterSleep = (seconds = 6): Scenario => ({
  name: 'cluster-sleep',
  start: () =>
    withCluster(async (cluster, { failOver, note }) => {
      const primary = await primaryOf(cluster);
      const replica = await cluster.replicaOf(primary);
      const asleepAt = performance.now();
      await failOver(async () => {
        fallAsleep(primary, seconds);
        await cluster.untilServes(replica);
      });
      const tookSeconds = (performance.now() - asleepAt) / 1000;
      note(`the replica took over ${tookSeconds.toFixed(1)} s after its primary fell asleep for ${seconds} s`);
      await sleep(seconds * 1000 - tookSeconds * 1000);
      await cluster.healed();
    }),
});

async function withCluster(run: (cluster: RedisCluster, stage: Stage) => Promise<void>): Promise<Started> {
  const cluster = await RedisCluster.start();
  const { members, uri } = cluster;
  const servers = {
    ...{ members, uri, replicas: 1, isCluster: true },
    stockUrl: members[0]?.url ?? '',
    named: () => Promise.resolve(undefined),
    primaryUrl: async () => (await primaryOf(cluster)).url,
    healed: () => cluster.healed(),
    stop: () => cluster.stop(),
  };
  return { servers, run: (stage) => run(cluster, stage) };
}

async function primaryOf(cluster: RedisCluster): Promise<RedisServer> {
  const [primary] = await cluster.primaries();
  if (!primary) throw new Error('the Cluster has no primary');
  return primary;
}
