import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type Redis from 'ioredis';
import { CommandWriter } from '../../src/stores/redis/command-writer';
import { connect } from '../../src/stores/redis/connect';
import { startRedis, type RunningService } from '../helpers/services';
import { until } from '../helpers/until';

const FENCE = 'test:guard:fence';
const ACCESS = { db: 0, tls: false, username: undefined, password: undefined };

const servers: RunningService[] = [];
const clients: Redis[] = [];

async function start(): Promise<RunningService> {
  const server = await startRedis({ private: true });
  servers.push(server);
  return server;
}

const placeOf = ({ url }: RunningService) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) });

async function open(server: RunningService): Promise<Redis> {
  const client = await connect(placeOf(server), ACCESS, 1_000);
  clients.push(client);
  return client;
}

/** What each call came to: its reply, or the message of its error. */
async function outcomesOf(calls: Promise<unknown>[]): Promise<unknown[]> {
  const outcomes = await Promise.allSettled(calls);
  return outcomes.map((each) => (each.status === 'fulfilled' ? each.value : (each.reason as Error).message));
}

async function follow(replica: Redis, primary: RunningService): Promise<void> {
  const { host, port } = placeOf(primary);
  await replica.replicaof(host, port);
  await until(async () => (await replica.info('replication')).includes('master_link_status:up'));
}

afterEach(() => {
  for (const client of clients.splice(0)) client.disconnect();
});

afterAll(() => Promise.all(servers.map((server) => server.stop())));

describe('the writer of commands', () => {
  let server: RunningService;
  let client: Redis;
  let writer: CommandWriter;

  beforeAll(async () => {
    server = await start();
  });

  beforeEach(async () => {
    client = await open(server);
    await client.flushall();
    writer = new CommandWriter(client, FENCE);
  });

  it('answers each command of a turn with its own reply, in the form that Redis gave it', async () => {
    const calls = [
      writer.submit(['GET', 'absent'], true),
      writer.submit(['SETEX', 'text', 60, 'é\u{1F600}\r\n'], false),
      writer.submit(['GET', 'text'], true),
      writer.submit(['HSET', 'hash', 'a', '', 'b', '2'], false),
      writer.submit(['HMGET', 'hash', 'a', 'none', 'b'], true),
      writer.submit(['EXISTS', 'text', 'hash', 'absent'], true),
      writer.submit(['SCAN', '0', 'MATCH', 'te*'], true),
    ];
    expect(await Promise.all(calls)).toEqual([null, 'OK', 'é\u{1F600}\r\n', 2, ['', null, '2'], 2, ['0', ['text']]]);
  });

  it('settles each call as its own reply arrives, while those behind it wait', async () => {
    const quick = writer.submit(['GET', 'absent'], true);
    const slow = writer.submit(['BLPOP', 'list', 0], false);
    expect(await quick).toBeNull();
    const other = await open(server);
    await other.rpush('list', '1');
    expect(await slow).toEqual(['list', '1']);
  });

  it('writes the commands of one turn at once, with one fence before the first read', async () => {
    const written: string[] = [];
    const { stream } = client;
    const write = stream.write.bind(stream) as (text: string, encoding: BufferEncoding) => boolean;
    stream.write = ((text: string, encoding: BufferEncoding) => {
      written.push(text);
      return write(text, encoding);
    }) as typeof stream.write;
    await Promise.all([
      writer.submit(['SETEX', 'key', 60, '1'], false),
      writer.submit(['GET', 'key'], true),
      writer.submit(['EXISTS', 'key'], true),
    ]);
    await Promise.all([writer.submit(['DEL', 'key'], false), writer.submit(['DEL', 'other'], false)]);
    expect(written.map((text) => text.match(/\b(?:SETEX|HDEL|GET|EXISTS|DEL)\b/g))).toEqual([
      ['SETEX', 'HDEL', 'GET', 'EXISTS'],
      ['DEL', 'DEL'],
    ]);
  });

  it('fails the command alone that the server refuses, without telling its values', async () => {
    await writer.submit(['SETEX', 'text', 60, 'value'], false);
    const refused = writer.submit(['HSET', 'text', 'field', 'secret'], false);
    const outcomes = await outcomesOf([
      writer.submit(['GET', 'text'], true),
      refused,
      writer.submit(['HGET', 'text', 'field'], true),
      writer.submit(['GET', 'text'], true),
    ]);
    const wrong = 'WRONGTYPE Operation against a key holding the wrong kind of value';
    expect(outcomes).toEqual(['value', wrong, wrong, 'value']);
    await expect(refused).rejects.toMatchObject({ name: 'ReplyError', command: { name: 'HSET', args: [] } });
  });

  it('leaves nothing behind that a replica or another client would see', async () => {
    const before = await client.info('replication');
    await writer.submit(['GET', 'absent'], true);
    const after = await client.info('replication');
    const offsetOf = (info: string) => /master_repl_offset:(\d+)/.exec(info)?.[1];
    expect(offsetOf(after)).toBe(offsetOf(before));
    expect(await client.dbsize()).toBe(0);
  });

  it('fails every call whose connection is gone before the answer', async () => {
    const waiting = writer.submit(['BLPOP', 'empty', 0], false);
    const behind = [writer.submit(['GET', 'key'], true), writer.submit(['SETEX', 'key', 60, '1'], false)];
    const control = await open(server);
    await until(async () => (await control.info('clients')).includes('blocked_clients:1'));
    await control.call('CLIENT', 'KILL', 'ID', await blockedId(control));
    expect(await outcomesOf([waiting, ...behind])).toEqual(Array(3).fill('Connection is closed.'));
    const later = writer.submit(['GET', 'key'], true);
    await expect(later).rejects.toThrow('Connection is closed.');
  });
});

describe('the fence before reads', () => {
  let primary: RunningService;
  let other: RunningService;
  let control: Redis;
  let writer: CommandWriter;

  beforeAll(async () => {
    [primary, other] = await Promise.all([start(), start()]);
    const client = await open(primary);
    await client.config('SET', 'repl-diskless-sync-delay', '0');
  });

  beforeEach(async () => {
    control = await open(other);
    await control.replicaof('NO', 'ONE');
    writer = new CommandWriter(await open(other), FENCE);
  });

  it('fails all reads of a server that has become a replica, which would have answered them', async () => {
    await writer.submit(['SETEX', 'key', 60, '1'], false);
    await follow(control, primary);
    expect(await control.get('key')).toBeNull();
    const outcomes = await outcomesOf([
      writer.submit(['GET', 'key'], true),
      writer.submit(['SETEX', 'key', 60, '2'], false),
      writer.submit(['HGET', 'key', 'field'], true),
      writer.submit(['EXISTS', 'key'], true),
    ]);
    expect(outcomes).toEqual(Array(4).fill("READONLY You can't write against a read only replica."));
    await control.replicaof('NO', 'ONE');
    expect(await writer.submit(['EXISTS', 'key'], true)).toBe(0);
  });

  it('lets reads of a primary stand that takes no writes for want of replicas', async () => {
    await writer.submit(['SETEX', 'key', 60, '1'], false);
    await control.config('SET', 'min-replicas-to-write', '1');
    const outcomes = await outcomesOf([
      writer.submit(['GET', 'key'], true),
      writer.submit(['SETEX', 'key', 60, '2'], false),
    ]);
    await control.config('SET', 'min-replicas-to-write', '0');
    expect(outcomes).toEqual(['1', 'NOREPLICAS Not enough good replicas to write.']);
  });

  it('asks for the role of a server whose disk fails, since a replica refuses writes with the same words then', async () => {
    await writer.submit(['SETEX', 'key', 60, '1'], false);
    await failToSave(control);
    const reads = () => outcomesOf([writer.submit(['GET', 'key'], true), writer.submit(['HGET', 'none', 'x'], true)]);
    expect(await reads()).toEqual(['1', null]);
    await follow(control, primary);
    await expect(control.hdel(FENCE, 'x')).rejects.toThrow(/^MISCONF/);
    const refused = 'the server is no primary: ROLE slave';
    expect(await reads()).toEqual([refused, refused]);
    const fresh = new CommandWriter(await open(other), FENCE);
    await expect(fresh.submit(['GET', 'key'], true)).rejects.toThrow(refused);
  });
});

async function blockedId(control: Redis): Promise<string> {
  const list = String(await control.client('LIST'));
  return /^id=(\d+) .* cmd=blpop/m.exec(list)?.[1] ?? '';
}

/** Redis refuses writes once it could not save: its file is a folder here. */
async function failToSave(control: Redis): Promise<void> {
  const [, folder] = (await control.config('GET', 'dir')) as [string, string];
  await control.config('SET', 'save', '3600 1');
  const file = join(folder, 'dump.rdb');
  await rm(file, { force: true });
  await mkdir(file);
  await control.bgsave();
  await until(async () => (await control.info('persistence')).includes('rdb_last_bgsave_status:err'));
  await rmdir(file);
}
