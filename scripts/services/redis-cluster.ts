import type Redis from 'ioredis';
import { askRedis, fieldsOf, untilHolds } from './ask-redis';
import { freePort } from './free-port';
import { RedisServer } from './redis-server';

const PRIMARIES = 3;
const SLOTS = 16_384;
/** Milliseconds without an answer after which the others take a node for down. */
const NODE_TIMEOUT_MS = 2_000;

interface Node {
  server: RedisServer;
  /** Where the nodes talk with each other. */
  busPort: number;
  id: string;
}

/** Six nodes: three primaries that share the slots, and a replica of each. Nothing is kept on disk but who they are. */
export class RedisCluster {
  private constructor(readonly members: readonly RedisServer[]) {}

  /** Resolves when all slots are served, and every primary has its replica. */
  static async start(): Promise<RedisCluster> {
    const nodes = await Promise.all(Array.from({ length: 2 * PRIMARIES }, startNode));
    const cluster = new RedisCluster(nodes.map(({ server }) => server));
    const [first, ...others] = nodes;
    const primaries = nodes.slice(0, PRIMARIES);
    await Promise.all(primaries.map((node, place) => on(node, (client) => client.call('CLUSTER', ...slotsOf(place)))));
    await Promise.all(nodes.map((node, place) => on(node, (client) => client.call('CLUSTER', 'SET-CONFIG-EPOCH', place + 1)))); // prettier-ignore
    for (const { server, busPort } of others) {
      await on(first, (client) => client.call('CLUSTER', 'MEET', '127.0.0.1', server.port, busPort));
    }
    await untilHolds('all nodes know each other', async () => {
      const known = await Promise.all(nodes.map((node) => on(node, clusterInfo)));
      return known.every((info) => info.get('cluster_known_nodes') === `${nodes.length}`);
    });
    for (const [place, { id }] of primaries.entries()) {
      const replica = nodes[PRIMARIES + place];
      await untilHolds('a replica knows its primary', async () => {
        await on(replica, (client) => client.call('CLUSTER', 'REPLICATE', id));
        return true;
      });
    }
    await cluster.healed();
    return cluster;
  }

  get uri(): string {
    return `redis+cluster://${this.members.map(({ url }) => new URL(url).host).join(',')}`;
  }

  /** Members that serve slots now, as each says of itself; those that do not answer do not count. */
  async primaries(): Promise<RedisServer[]> {
    const roles = await Promise.all(this.members.map(({ url }) => roleOf(url).catch(() => 'none')));
    return this.members.filter((_, place) => roles[place] === 'master');
  }

  /** The replica of a primary. */
  async replicaOf(primary: RedisServer): Promise<RedisServer> {
    for (const member of this.members) {
      const fields = fieldsOf(await askRedis(member.url, (client) => client.info('replication')));
      if (fields.get('master_port') === `${primary.port}`) return member;
    }
    throw new Error(`${primary.url} has no replica`);
  }

  /** As an operator does it, with all servers up: CLUSTER FAILOVER. Resolves when the replica is the primary. */
  async failOver(primary: RedisServer): Promise<void> {
    const replica = await this.replicaOf(primary);
    await askRedis(replica.url, (client) => client.call('CLUSTER', 'FAILOVER'));
    await this.untilServes(replica);
  }

  async untilServes(member: RedisServer): Promise<void> {
    await untilHolds('a replica becomes the primary', async () => (await roleOf(member.url)) === 'master');
  }

  /** Resolves when all nodes find the Cluster in order, and every primary has its replica. */
  async healed(): Promise<void> {
    await untilHolds('a Cluster with all its primaries and replicas', async () => {
      const infos = await Promise.all(this.members.map(({ url }) => askRedis(url, clusterInfo)));
      if (!infos.every((info) => info.get('cluster_state') === 'ok' && info.get('cluster_slots_fail') === '0'))
        return false;
      const links = await Promise.all(this.members.map(({ url }) => askRedis(url, (client) => client.info('replication')))); // prettier-ignore
      const fields = links.map(fieldsOf);
      const primaries = fields.filter((each) => each.get('role') === 'master');
      const replicas = fields.filter((each) => each.get('master_link_status') === 'up');
      return (
        primaries.length === PRIMARIES &&
        replicas.length === PRIMARIES &&
        primaries.every((each) => each.get('connected_slaves') === '1')
      );
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((server) => server.stop()));
  }
}

async function startNode(): Promise<Node> {
  const busPort = await freePort(); // the default is 10,000 above the other one, where outgoing connections have theirs
  const server = await RedisServer.start([
    'save ""',
    'appendonly no',
    'repl-diskless-sync-delay 0',
    'enable-debug-command yes',
    'cluster-enabled yes',
    'cluster-config-file nodes.conf',
    `cluster-port ${busPort}`,
    `cluster-node-timeout ${NODE_TIMEOUT_MS}`,
    'cluster-migration-barrier 10',
  ]);
  const id = await askRedis(server.url, (client) => client.call('CLUSTER', 'MYID'));
  return { server, busPort, id: id as string };
}

function on<Answer>(node: Node | undefined, work: (client: Redis) => Promise<Answer>): Promise<Answer> {
  return askRedis(node?.server.url ?? '', work);
}

function slotsOf(place: number): [string, number, number] {
  const start = (part: number) => Math.floor((SLOTS * part) / PRIMARIES);
  return ['ADDSLOTSRANGE', start(place), start(place + 1) - 1];
}

async function clusterInfo(client: Redis): Promise<Map<string, string>> {
  return fieldsOf((await client.call('CLUSTER', 'INFO')) as string);
}

async function roleOf(url: string): Promise<string> {
  const [role] = (await askRedis(url, (client) => client.role())) as [string];
  return role;
}
