import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { RedisCluster, RedisGroup, type RedisServer } from '../../scripts/services';
import { askRedis } from '../../scripts/services/ask-redis';
import '../helpers/services';

const START_MS = 60_000;

const write = ({ url }: RedisServer, key: string) => askRedis(url, (client) => client.set(key, 'here'));
const read = ({ url }: RedisServer, key: string) => askRedis(url, (client) => client.get(key));

describe('a primary with replicas and Sentinels', () => {
  let group: RedisGroup;
  let first: RedisServer;
  beforeAll(async () => {
    group = await RedisGroup.start({ downAfterMs: 500 });
    first = (await group.primary()) as RedisServer;
  }, START_MS);
  afterAll(() => group.stop());

  it('passes writes on to its replicas, which refuse them', async () => {
    const replica = group.members.find((member) => member !== first) as RedisServer;
    expect(
      await askRedis(first.url, async (client) => client.set('kept', 'here').then(() => client.wait(2, 2_000))),
    ).toBe(2);
    expect(await read(replica, 'kept')).toBe('here');
    await expect(write(replica, 'other')).rejects.toThrow('READONLY');
  });

  it('has another primary when that is killed, and the killed one is a replica when it is back', async () => {
    await first.kill();
    const second = await group.untilPrimaryIsNot(first);
    expect(await read(second, 'kept')).toBe('here');

    await group.rejoin(first);
    await expect(write(first, 'other')).rejects.toThrow('READONLY');
    await group.healed();
    expect(await read(first, 'kept')).toBe('here');
  });

  it('has two primaries when the old one wakes up after a fail-over', async () => {
    const old = (await group.primary()) as RedisServer;
    await old.pause();
    const present = await group.untilPrimaryIsNot(old);
    await old.resume();
    expect([await write(old, 'split'), await write(present, 'split')]).toEqual(['OK', 'OK']);
  });
});

describe('a Cluster of six', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await RedisCluster.start();
  }, START_MS);
  afterAll(() => cluster.stop());

  it('has a replica of each primary, which takes over when that is killed', async () => {
    const primaries = await cluster.primaries();
    expect(primaries).toHaveLength(3);
    const [killed] = primaries as [RedisServer];
    const replica = await cluster.replicaOf(killed);

    await killed.kill();
    await cluster.untilServes(replica);
    await killed.restart();
    await cluster.healed();
    expect(await cluster.replicaOf(replica)).toBe(killed);
  });

  it('hands over without a kill where an operator wants it', async () => {
    const [primary] = (await cluster.primaries()) as [RedisServer];
    const replica = await cluster.replicaOf(primary);
    await cluster.failOver(primary);
    await cluster.healed();
    expect(await cluster.replicaOf(replica)).toBe(primary);
  });
});

describe('the servers of a group', () => {
  it('end with their parent even when that is killed with SIGKILL', async () => {
    const program = `require('./scripts/services').RedisGroup.start()
      .then(({ members, sentinels }) => console.log(JSON.stringify([...members, ...sentinels].map(({ pid }) => pid))))`;
    const parent = spawn(process.execPath, ['--import', 'tsx', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pids = JSON.parse(line.toString()) as number[];
    expect(pids).toHaveLength(6);

    parent.kill('SIGKILL');
    await once(parent, 'exit');
    for (const end = Date.now() + START_MS; pids.some((pid) => existsSync(`/proc/${pid}`)) && Date.now() < end;)
      await sleep(50);
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  });
});
