import { setTimeout as sleep } from 'node:timers/promises';
import { RedisServer } from '../../../services';
import { askRedis, fieldsOf, untilHolds } from '../../../services/ask-redis';
import { LaggingProxy } from '../lagging-proxy';
import type { Scenario, Started } from '../scenario';

const MEMBER = ['save ""', 'appendonly no', 'repl-diskless-sync-delay 0'];
const LAG_MS = 5_000;

/** Of two servers that are named, the first is a replica which has everything five seconds late. */
export const replicaLag = (seconds = 10): Scenario => ({
  name: 'replica-lag',
  start: () => withReplica(LAG_MS, seconds, (primary, replica) => `${replica},${primary}`),
});

/** The only server that is named is a replica: it refuses to be written to. */
export const replicaOnly = (seconds = 4): Scenario => ({
  name: 'replica-only',
  start: () => withReplica(0, seconds, (_, replica) => replica),
});

async function withReplica(
  lagMs: number,
  seconds: number,
  uriOf: (primary: string, replica: string) => string,
): Promise<Started> {
  const primary = await RedisServer.start(MEMBER);
  const proxy = await LaggingProxy.start(primary.url, lagMs);
  const replica = await RedisServer.start([...MEMBER, `replicaof 127.0.0.1 ${proxy.port}`]);
  const healed = () =>
    untilHolds('the replica follows', async () => {
      const fields = fieldsOf(await askRedis(replica.url, (client) => client.info('replication')));
      return fields.get('master_link_status') === 'up';
    });
  await healed();
  const servers = {
    members: [primary],
    replicas: 0, // none takes the primary's place
    isCluster: false,
    uri: uriOf(primary.url, replica.url),
    stockUrl: replica.url,
    named: () => Promise.resolve(undefined),
    primaryUrl: () => Promise.resolve(primary.url),
    healed,
    async stop() {
      await replica.stop();
      await proxy.stop();
      await primary.stop();
    },
  };
  return { servers, run: () => sleep(seconds * 1000) };
}
