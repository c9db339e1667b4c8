import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ReplyError, type Redis } from 'ioredis';
import { systemClock } from '../../src/core/clock';
import { CommandWriter } from '../../src/stores/redis/command-writer';
import { connect } from '../../src/stores/redis/connect';
import type { RedisCommand } from '../../src/stores/redis/redis-link';
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

function writerOn(client: Redis, believedMs = 500) {
  const writer = new CommandWriter({ client, fenceKey: FENCE, believedMs, clock: systemClock });
  return {
    oldest: () => writer.oldest,
    submit: (command: RedisCommand, isRead: boolean) =>
      new Promise((resolve, reject) => writer.send(command, isRead, resolve, reject)),
  };
}

/** Fills with the names of the commands in each piece that is written. */
function watchWrites({ stream }: Redis): (string[] | null)[] {
  const written: (string[] | null)[] = [];
  const write = stream.write.bind(stream) as (text: string, encoding: BufferEncoding) => boolean;
  stream.write = ((text: string, encoding: BufferEncoding) => {
    written.push(text.match(/\b(?:SETEX|HDEL|GET|GETEX|HGET|EXISTS|DEL|ROLE)\b/g));
    return write(text, encoding);
  }) as typeof stream.write;
  return written;
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
  let writer: ReturnType<typeof writerOn>;

  beforeAll(async () => {
    server = await start();
  });

  beforeEach(async () => {
    client = await open(server);
    await client.flushall();
    writer = writerOn(client);
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

  it('writes the commands of one turn at once, with one fence before them if there are reads', async () => {
    const written = watchWrites(client);
    await Promise.all([
      writer.submit(['SETEX', 'key', 60, '1'], false),
      writer.submit(['GET', 'key'], true),
      writer.submit(['EXISTS', 'key'], true),
    ]);
    await Promise.all([writer.submit(['DEL', 'key'], false), writer.submit(['DEL', 'other'], false)]);
    expect(written).toEqual([['HDEL', 'SETEX', 'GET', 'EXISTS'], ['DEL', 'DEL']]); // prettier-ignore
  });

  it('reads one key with a command that only a primary takes, without a fence', async () => {
    const written = watchWrites(client);
    await writer.submit(['SETEX', 'text', 60, 'value'], false);
    expect(await writer.submit(['GET', 'text'], true)).toBe('value');
    expect(await writer.submit(['GET', 'absent'], true)).toBeNull();
    expect(await writer.submit(['EXISTS', 'text'], true)).toBe(1);
    expect(written).toEqual([['SETEX'], ['GETEX'], ['GETEX'], ['HDEL', 'EXISTS']]);
    expect(await client.ttl('text')).toBeGreaterThan(50);
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
    const error: unknown = await refused.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ReplyError);
    expect(JSON.stringify(error)).not.toContain('secret');
  });

  it('fails a single read of the wrong type as it is, and goes on without a fence', async () => {
    await writer.submit(['HSET', 'hash', 'field', 'value'], false);
    await expect(writer.submit(['GET', 'hash'], true)).rejects.toThrow(/^WRONGTYPE/);
    const written = watchWrites(client);
    await writer.submit(['GET', 'absent'], true);
    expect(written).toEqual([['GETEX']]);
  });

  it('changes nothing by reading that would be saved or replicated', async () => {
    await writer.submit(['SETEX', 'text', 60, 'value'], false);
    const changes = async () => /rdb_changes_since_last_save:(\d+)/.exec(await client.info('persistence'))?.[1];
    const before = await changes();
    await writer.submit(['GET', 'text'], true);
    await Promise.all([writer.submit(['GET', 'absent'], true), writer.submit(['EXISTS', 'text'], true)]);
    expect(await changes()).toBe(before);
    expect(await client.keys('*')).toEqual(['text']);
  });

  it('fails calls whose answer took longer than it is believed', async () => {
    const strict = writerOn(client, 20);
    const waiting = strict.submit(['BLPOP', 'empty', 0.1], false);
    const behind = strict.submit(['GET', 'absent'], true);
    expect(await outcomesOf([waiting, behind])).toEqual(Array(2).fill('the answer came late'));
    expect(await strict.submit(['GET', 'absent'], true)).toBeNull();
  });

  it('tells since when the oldest call waits, and nothing when all are answered', async () => {
    const before = performance.now();
    expect(writer.oldest()).toBeUndefined();
    const first = writer.submit(['BLPOP', 'list', 0], false);
    await new Promise(setImmediate);
    const between = performance.now();
    const second = writer.submit(['EXISTS', 'list'], true);
    await new Promise(setImmediate);
    expect(writer.oldest()).toBeGreaterThanOrEqual(before);
    expect(writer.oldest()).toBeLessThanOrEqual(between);
    const other = await open(server);
    await other.rpush('list', '1');
    await Promise.all([first, second]);
    expect(writer.oldest()).toBeUndefined();
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
  let writer: ReturnType<typeof writerOn>;

  beforeAll(async () => {
    [primary, other] = await Promise.all([start(), start()]);
    const client = await open(primary);
    await client.config('SET', 'repl-diskless-sync-delay', '0');
  });

  beforeEach(async () => {
    control = await open(other);
    await control.replicaof('NO', 'ONE');
    writer = writerOn(await open(other));
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
    const readOnly = "READONLY You can't write against a read only replica.";
    expect(outcomes).toEqual(Array(4).fill(readOnly));
    await expect(writer.submit(['GET', 'key'], true)).rejects.toThrow(readOnly);
    await control.replicaof('NO', 'ONE');
    expect(await writer.submit(['EXISTS', 'key'], true)).toBe(0);
  });

  it('lets reads of a primary stand that takes no writes for want of replicas', async () => {
    await writer.submit(['SETEX', 'key', 60, '1'], false);
    await control.config('SET', 'min-replicas-to-write', '1');
    const single = await writer.submit(['GET', 'key'], true);
    const outcomes = await outcomesOf([
      writer.submit(['GET', 'key'], true),
      writer.submit(['SETEX', 'key', 60, '2'], false),
    ]);
    await control.config('SET', 'min-replicas-to-write', '0');
    expect([single, ...outcomes]).toEqual(['1', '1', 'NOREPLICAS Not enough good replicas to write.']);
  });

  it('sends reads behind a fence for users who may not use GETEX', async () => {
    await writer.submit(['SETEX', 'key', 60, '1'], false);
    await control.call('ACL', 'SETUSER', 'default', '-getex');
    const client = await open(other);
    const limited = writerOn(client);
    const written = watchWrites(client);
    const reads = [await limited.submit(['GET', 'key'], true), await limited.submit(['GET', 'key'], true)];
    await control.call('ACL', 'SETUSER', 'default', '+getex');
    expect(reads).toEqual(['1', '1']);
    expect(written).toEqual([['GETEX'], ['HDEL', 'GET'], ['HDEL', 'GET']]);
  });

  it('asks for the role of a server whose disk fails, since a replica refuses writes with the same words then', async () => {
    await writer.submit(['SETEX', 'key', 60, '1'], false);
    await failToSave(control);
    const reads = () => outcomesOf([writer.submit(['GET', 'key'], true), writer.submit(['HGET', 'none', 'x'], true)]);
    expect(await reads()).toEqual(['1', null]);
    expect(await writer.submit(['GET', 'key'], true)).toBe('1');
    await follow(control, primary);
    await expect(control.hdel(FENCE, 'x')).rejects.toThrow(/^MISCONF/);
    const refused = 'the server is no primary: ROLE slave';
    expect(await reads()).toEqual([refused, refused]);
    const fresh = writerOn(await open(other));
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
