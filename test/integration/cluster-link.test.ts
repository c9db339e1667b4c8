import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import Redis from 'ioredis';
import { RedisCluster, type RedisServer } from '../../scripts/services';
import { systemClock } from '../../src/core/clock';
import { readRedisPlace } from '../../src/core/redis-place';
import { openRedis } from '../../src/stores/redis/open-redis';
import type { RedisLink } from '../../src/stores/redis/redis-link';
import { recordingLog } from '../helpers/recording-log';
import '../helpers/services';
import { until } from '../helpers/until';

const START_MS = 60_000;
const LIMIT_MS = 1_000;
/** What timers and a busy machine take on top. */
const SLACK_MS = 500;

let cluster: RedisCluster;
let link: RedisLink;
let ups: boolean[];

const hostOf = ({ url }: RedisServer) => new URL(url).host;

function open(uri = cluster.uri): RedisLink {
  const place = readRedisPlace(uri);
  if (!place) throw new Error(`no place: ${uri}`);
  const options = { place, prefix: 'test', limitMs: LIMIT_MS, clock: systemClock, random: Math.random };
  return openRedis({ ...options, log: recordingLog() });
}

const names = Array.from({ length: 60 }, (_, at) => `test:${at}`);

/** Keys that a server has as the primary of their slots. */
async function keysOn({ url }: RedisServer): Promise<string[]> {
  const client = new Redis(url);
  const keys = await client.keys('test:*');
  client.disconnect();
  return keys;
}

async function listed(from = link): Promise<string[]> {
  const found: string[] = [];
  for await (const batch of from.scan('test:*')) found.push(...batch);
  return found.sort();
}

/** What became of a call, and how long it took. */
async function outcomeOf(call: () => Promise<unknown>): Promise<{ outcome: unknown; tookMs: number }> {
  const before = performance.now();
  const outcome = await call().catch((error: unknown) => error);
  return { outcome, tookMs: performance.now() - before };
}

/** Asks until it is answered: a fail-over takes longer than a call may. */
const untilDone = (call: () => Promise<unknown>) => until(() => call().then(() => true, () => false)); // prettier-ignore

beforeAll(async () => {
  cluster = await RedisCluster.start();
}, START_MS);
afterAll(() => cluster.stop());

beforeEach(async () => {
  await cluster.healed();
  link = open();
  ups = [];
  link.onChange((isUp) => ups.push(isUp));
  await untilDone(() => Promise.all(names.map((name) => link.run(['SETEX', name, 600, name]))));
});
afterEach(() => link.stop());

describe('the way to a Cluster', () => {
  it('leads to the primary of each key, and to all of them for a list', async () => {
    expect(await Promise.all(names.map((name) => link.run(['GET', name])))).toEqual(names);
    const primaries = await cluster.primaries();
    const shares = await Promise.all(primaries.map(keysOn));
    expect([shares.length, Math.min(...shares.map(({ length }) => length))]).toEqual([3, expect.any(Number)]);
    expect(shares.every(({ length }) => length > 0)).toBe(true);
    expect(await listed()).toEqual([...names].sort());
    const told = await link.primaries();
    expect(told.map(({ address }) => address).sort()).toEqual(primaries.map(hostOf).sort());
    for (const { info, replicas } of told) {
      expect([info.get('role'), info.get('save'), replicas.length]).toEqual(['master', '', 1]);
    }
    expect(link.state()).toMatchObject({ isUp: true, warnings: [] });
    expect(link.state().addresses.sort()).toEqual(primaries.map(hostOf).sort());
  });

  it('is found from one server alone', async () => {
    const [one] = cluster.members;
    const other = open(`redis+cluster://${hostOf(one as RedisServer)}`);
    await untilDone(() => other.run(['GET', 'test:1']));
    expect(await Promise.all(names.map((name) => other.run(['GET', name])))).toEqual(names);
    other.stop();
  });

  it('tells what a server refuses, without the value', async () => {
    const refused = link.run(['HSET', 'test:1', 'field', 'secret value']);
    await expect(refused).rejects.toMatchObject({ code: 'GUARD_CACHE_REFUSED' });
    await expect(refused).rejects.not.toThrow('secret value');
  });

  it('asks for a key that is on its way to another server there', async () => {
    const [from, to] = (await cluster.primaries()) as [RedisServer, RedisServer];
    const [source, target] = [new Redis(from.url), new Redis(to.url)];
    const [name = ''] = await keysOn(from);
    const slot = Number(await source.cluster('KEYSLOT', name));
    const ids = (await Promise.all([source, target].map((each) => each.call('CLUSTER', 'MYID')))) as [string, string];
    await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[0]);
    await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[1]);
    await source.call('MIGRATE', '127.0.0.1', to.port, name, 0, 1_000);
    try {
      expect(await link.run(['GET', name])).toBe(name);
      expect(await link.run(['SETEX', name, 600, 'new'])).toBe('OK');
      const refused = link.run(['HSET', name, 'field', 'value']);
      await expect(refused).rejects.toMatchObject({ code: 'GUARD_CACHE_REFUSED' });
    } finally {
      for (const client of [target, source]) await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', ids[1]);
      for (const client of [target, source]) client.disconnect();
    }
    expect(await link.run(['GET', name])).toBe('new');
  });

  it('follows a primary that hands over', async () => {
    const [primary] = (await cluster.primaries()) as [RedisServer];
    const moved = await keysOn(primary);
    await cluster.failOver(primary);
    // It may not have heard of that yet; then it tells so, instead of what a replica says.
    const told = await link.primaries().catch(() => []);
    expect(told.map(({ info }) => info.get('role'))).not.toContain('slave');
    for (const name of moved) {
      expect(await link.run(['SETEX', name, 600, `new ${name}`])).toBe('OK');
      expect(await link.run(['GET', name])).toBe(`new ${name}`);
    }
    await untilDone(() => listed());
    expect(await listed()).toEqual([...names].sort());
    expect(link.state().addresses).not.toContain(hostOf(primary));
  });

  it.each([
    ['is killed', (server: RedisServer) => server.kill(), (server: RedisServer) => server.restart()],
    ['stands still', (server: RedisServer) => server.pause(), (server: RedisServer) => server.resume()],
  ])(
    'ends calls in time where a primary %s, lists no part of the keys, and follows its replica',
    async (_how, harm, heal) => {
      const [primary] = (await cluster.primaries()) as [RedisServer];
      const [lost = '', ...more] = await keysOn(primary);
      const kept = names.find((name) => name !== lost && !more.includes(name)) ?? '';
      // A link of their own each: one that asks may find out for the others.
      const [lister, teller] = [open(), open()];
      for (const each of [lister, teller]) await untilDone(() => each.run(['GET', lost]));
      await harm(primary);
      const [read, list, told] = await Promise.all([
        outcomeOf(() => link.run(['GET', lost])),
        outcomeOf(() => listed(lister)),
        outcomeOf(() => teller.primaries()),
      ]);
      for (const each of [lister, teller]) each.stop();
      expect([read, list, told].map(({ outcome }) => outcome)).toEqual(
        Array(3).fill(expect.objectContaining({ code: expect.stringMatching(/^GUARD_CACHE_(AWAY|LATE)$/) })),
      );
      for (const { tookMs } of [read, list, told]) expect(tookMs).toBeLessThan(LIMIT_MS + SLACK_MS);
      expect(await link.run(['GET', kept])).toBe(kept);

      await untilDone(() => link.run(['SETEX', lost, 600, 'new']));
      expect(await link.run(['GET', lost])).toBe('new');
      await untilDone(() => listed());
      expect(await listed()).toEqual([...names].sort());
      await heal(primary);
      await untilDone(() => cluster.healed());
      expect(await link.run(['GET', lost])).toBe('new');
    },
  );

  it('is away when all servers are, which ends calls at once, and is found again', async () => {
    await Promise.all(cluster.members.map((server) => server.kill()));
    await until(() => !link.state().isUp);
    expect(ups.at(-1)).toBe(false);
    const first = await outcomeOf(() => link.run(['GET', 'test:1']));
    expect(first.tookMs).toBeLessThan(LIMIT_MS + SLACK_MS);
    await until(async () => (await outcomeOf(() => link.run(['GET', 'test:1']))).tookMs < 50);
    const all = await Promise.all([
      outcomeOf(() => link.run(['GET', 'test:1'])),
      outcomeOf(() => listed()),
      outcomeOf(() => link.primaries()),
    ]);
    expect(all.map(({ outcome }) => outcome)).toMatchObject(Array(3).fill({ code: 'GUARD_CACHE_AWAY' }));
    for (const { tookMs } of all) expect(tookMs).toBeLessThan(100);

    await Promise.all(cluster.members.map((server) => server.restart()));
    await cluster.healed();
    await untilDone(() => link.run(['SETEX', 'test:1', 600, 'back']));
    expect(ups.at(-1)).toBe(true);
    expect(link.state().connects).toBeGreaterThan(1);
  });

  it('ends with calls that wait, and opens nothing more', async () => {
    const nowhere = open('redis+cluster://127.0.0.1:1');
    const waiting = outcomeOf(() => nowhere.run(['GET', 'test:1']));
    nowhere.stop();
    link.stop();
    const { outcome, tookMs } = await waiting;
    expect(outcome).toMatchObject({ code: 'GUARD_CACHE_AWAY' });
    expect(tookMs).toBeLessThan(LIMIT_MS / 2);
    await expect(link.run(['GET', 'test:1'])).rejects.toMatchObject({ code: 'GUARD_CACHE_AWAY' });
  });
});
