import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import Redis from 'ioredis';
import { RedisGroup, RedisServer as Server } from '../../scripts/services';
import { serverOf } from '../../src/stores/redis/connect';
import type { RedisServer } from '../../src/core/redis-place';
import { Sentinels } from '../../src/stores/redis/sentinels';
import { recordingLog } from '../helpers/recording-log';
import { startRedis } from '../helpers/services';
import { until } from '../helpers/until';
import { openLink } from './cache-audit-rig';

const START_MS = 60_000;
const TIMEOUT_MS = 1_000;

let switched: RedisServer[] = [];
const opened: Sentinels[] = [];

const hostOf = ({ url }: { url: string }) => new URL(url).host;

function open(addresses: string[], name = 'main'): Sentinels {
  switched = [];
  const sentinels = new Sentinels({
    ...{ sentinels: addresses.map(serverOf), name, tls: false, password: undefined, timeoutMs: TIMEOUT_MS },
    ...{ switched: (server) => void switched.push(server), log: recordingLog() },
  });
  opened.push(sentinels);
  return sentinels;
}

afterEach(() => opened.splice(0).forEach((sentinels) => sentinels.stop()));

describe('Sentinels that do not agree', () => {
  let three: Server[];
  /** Each names another primary, and none of them can vote. */
  beforeAll(async () => {
    const start = ([port, epoch]: [number, number]) =>
      Server.start(
        [`sentinel monitor main 127.0.0.1 ${port} 9`, `sentinel config-epoch main ${epoch}`],
        ['--sentinel'],
      );
    three = await Promise.all(([[1, 9], [2, 10], [3, 2]] as [number, number][]).map(start)); // prettier-ignore
  }, START_MS);
  afterAll(() => Promise.all(three.map((server) => server.stop())));

  it('are right by their epoch, which is a number', async () => {
    for (const order of [
      [0, 1, 2],
      [1, 2, 0],
      [2, 0, 1],
    ]) {
      // prettier-ignore
      const sentinels = open(order.map((at) => hostOf(three[at] as Server)));
      expect(await sentinels.primary()).toEqual({ host: '127.0.0.1', port: 2 });
    }
  });

  it('are asked without those that are away or stand still', async () => {
    const sentinels = open(['127.0.0.1:1', ...three.map(hostOf)]);
    expect(await sentinels.primary()).toMatchObject({ port: 2 });
    await three[1]?.pause();
    const before = performance.now();
    expect(await sentinels.primary()).toMatchObject({ port: 1 });
    expect(performance.now() - before).toBeLessThan(TIMEOUT_MS + 500);
    await three[1]?.resume();
    await until(async () => (await sentinels.primary()).port === 2);
  });

  it('are each named with what is wrong, where none of them knows the primary', async () => {
    const unknown = open(['127.0.0.1:1', hostOf(three[0] as Server)], 'another');
    await expect(unknown.primary()).rejects.toThrow(
      new RegExp(`^Sentinel 127\\.0\\.0\\.1:1: .*; Sentinel ${hostOf(three[0] as Server)}: .*No such master`),
    );
    const nobody = open(['127.0.0.1:1', '127.0.0.1:2']);
    await expect(nobody.primary()).rejects.toThrow(/^Sentinel 127\.0\.0\.1:1: .+; Sentinel 127\.0\.0\.1:2: .+$/);
  });
});

describe('a primary that Sentinels replace', () => {
  let group: RedisGroup;
  beforeAll(async () => {
    group = await RedisGroup.start({ downAfterMs: 500 });
  }, START_MS);
  afterAll(() => group.stop());

  it('is told of as soon as they have agreed, without being asked', async () => {
    const before = await group.primary();
    const sentinels = open(group.sentinels.map(hostOf));
    const others = open(group.sentinels.map(hostOf), 'another');
    expect(await sentinels.primary()).toEqual(serverOf(hostOf(before as Server)));
    await expect(others.primary()).rejects.toThrow('No such master');
    await group.failOver();
    const after = serverOf(hostOf((await group.primary()) as Server));
    await until(() => switched.length >= 1);
    expect(switched.every((server) => server.port === after.port)).toBe(true);
    await until(async () => (await sentinels.primary()).port === after.port);
  });

  it('is left for the next one by who writes there', async () => {
    await group.healed();
    const link = openLink(group.uri, 'test');
    expect(await link.run(['SETEX', 'test:key', 60, 'before'])).toBe('OK');
    const before = (await group.primary()) as Server;
    expect(link.state().addresses).toEqual([hostOf(before)]);
    await group.failOver();
    await until(async () => (await link.run(['SETEX', 'test:key', 60, 'after'])) === 'OK' && link.state().connects > 1);
    expect(link.state().addresses).toEqual([hostOf((await group.primary()) as Server)]);
    expect(await link.run(['GET', 'test:key'])).toBe('after');
    link.stop();
  });
});

it('a Sentinel is listened to again when it was away, for its own primary only', async () => {
  // Any Redis tells what somebody publishes.
  const server = await startRedis({ private: true });
  open([hostOf(server)]);
  const publish = async (text: string) => {
    const client = new Redis(server.url);
    const heardBy = await client.publish('+switch-master', text);
    client.disconnect();
    return heardBy;
  };
  await until(async () => (await publish('main 10.0.0.1 1 10.0.0.2 2')) === 1);
  await until(() => switched.length > 0);
  await server.restart();
  await until(async () => (await publish('another 10.0.0.1 1 10.0.0.4 4')) === 1);
  await publish('main 10.0.0.2 2 ::1 3');
  await until(() => switched.length > 1);
  expect(switched).toEqual([{ host: '10.0.0.2', port: 2 }, { host: '::1', port: 3 }]); // prettier-ignore
  opened.splice(0).forEach((sentinels) => sentinels.stop());
  await server.stop();
});
