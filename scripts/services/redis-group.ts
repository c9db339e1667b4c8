import { askRedis, fieldsOf, untilHolds } from './ask-redis';
import { RedisServer } from './redis-server';

export interface GroupOptions {
  /** Milliseconds without an answer after which a Sentinel takes a server for down. */
  downAfterMs?: number;
}

/** What the Sentinels call the primary. */
const NAME = 'main';
const REPLICAS = 2;
const SENTINELS = 3;
const QUORUM = 2;
/** A fail-over that did not succeed is tried again after twice as long. */
const FAILOVER_MS = 3_000;

/** Nothing on disk: what a primary had alone is gone with it. Replicas are sent the data at once. */
const MEMBER = ['save ""', 'appendonly no', 'repl-diskless-sync-delay 0', 'enable-debug-command yes'];

/** A primary with two replicas, and three Sentinels that make one of those the primary when it is down. */
export class RedisGroup {
  readonly name = NAME;

  private constructor(
    readonly members: readonly RedisServer[],
    readonly sentinels: readonly RedisServer[],
  ) {}

  /** Resolves when all know each other. */
  static async start({ downAfterMs = 1_000 }: GroupOptions = {}): Promise<RedisGroup> {
    const primary = await RedisServer.start(MEMBER);
    const follow = [...MEMBER, `replicaof 127.0.0.1 ${primary.port}`];
    const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => RedisServer.start(follow)));
    const watch = [
      `sentinel monitor ${NAME} 127.0.0.1 ${primary.port} ${QUORUM}`,
      `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
      `sentinel failover-timeout ${NAME} ${FAILOVER_MS}`,
      `sentinel parallel-syncs ${NAME} ${REPLICAS}`,
    ];
    const start = () => RedisServer.start(watch, ['--sentinel']);
    const sentinels = await Promise.all(Array.from({ length: SENTINELS }, start));
    const group = new RedisGroup([primary, ...replicas], sentinels);
    await group.healed();
    return group;
  }

  /** Where the Sentinels lead to: the URI of GUARD_CACHE_REDIS_URI. */
  get uri(): string {
    return `redis+sentinel://${this.sentinels.map(({ url }) => new URL(url).host).join(',')}/${NAME}`;
  }

  /** The member that most Sentinels call the primary; none while they do not agree. */
  async primary(): Promise<RedisServer | undefined> {
    const ports = await Promise.all(this.sentinels.map(({ url }) => namedBy(url)));
    return this.members.find(({ port }) => ports.filter((named) => named === port).length >= QUORUM);
  }

  /** As an operator does it, with all servers up: SENTINEL FAILOVER. Resolves when there is another primary. */
  async failOver(): Promise<void> {
    const before = await this.primary();
    await askRedis(this.sentinels[0]?.url ?? '', (sentinel) => sentinel.call('SENTINEL', 'FAILOVER', NAME));
    await this.untilPrimaryIsNot(before);
  }

  async untilPrimaryIsNot(former: RedisServer | undefined): Promise<RedisServer> {
    let primary: RedisServer | undefined;
    await untilHolds('the Sentinels name another primary', async () => {
      primary = await this.primary();
      return primary !== undefined && primary !== former;
    });
    return primary as RedisServer;
  }

  /** Starts one that was killed again: empty, and as a replica from its first moment. */
  async rejoin(member: RedisServer): Promise<void> {
    const primary = await this.untilPrimaryIsNot(member);
    await member.restart([`replicaof 127.0.0.1 ${primary.port}`]);
  }

  /** Resolves when all Sentinels agree, know each other, and all other members are replicas of the primary. */
  async healed(): Promise<void> {
    await untilHolds('a primary with all its replicas and Sentinels', async () => {
      const ports = await Promise.all(this.sentinels.map(({ url }) => namedBy(url)));
      const known = await Promise.all(this.sentinels.map(({ url }) => countsOf(url)));
      const primary = this.members.find(({ port }) => ports.every((named) => named === port));
      if (!primary || !known.every(([others, replicas]) => others === SENTINELS - 1 && replicas === REPLICAS))
        return false;
      const following = this.members
        .filter((member) => member !== primary)
        .map((one) => follows(one.url, primary.port));
      return (await Promise.all(following)).every(Boolean);
    });
  }

  async stop(): Promise<void> {
    await Promise.all([...this.sentinels, ...this.members].map((server) => server.stop()));
  }
}

/** The port of the primary that a Sentinel names. */
async function namedBy(sentinelUrl: string): Promise<number> {
  const address = await askRedis(sentinelUrl, (client) => client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME));
  return Number((address as [host: string, port: string])[1]);
}

/** How many other Sentinels and how many replicas a Sentinel knows that are up. */
async function countsOf(sentinelUrl: string): Promise<[others: number, replicas: number]> {
  return askRedis(sentinelUrl, async (client) => {
    const [others, replicas] = await Promise.all(
      ['SENTINELS', 'REPLICAS'].map((what) => client.call('SENTINEL', what, NAME)),
    );
    return [others as string[][], replicas as string[][]].map((all) => all.filter(isUp).length) as [number, number];
  });
}

/** @param fields names and values in turns. */
function isUp(fields: readonly string[]): boolean {
  const flags = fields[fields.indexOf('flags') + 1] ?? '';
  return !/down|disconnected/.test(flags);
}

async function follows(url: string, port: number): Promise<boolean> {
  const fields = fieldsOf(await askRedis(url, (client) => client.info('replication')));
  return fields.get('master_port') === `${port}` && fields.get('master_link_status') === 'up';
}
