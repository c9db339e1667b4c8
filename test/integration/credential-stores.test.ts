import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Redis from 'ioredis';
import { createLog } from '../../src/core/log';
import type { CredentialStore } from '../../src/stores/credentials';
import { openCredentials } from '../../src/stores/credentials/open';
import { waitingFolder } from '../../src/stores/credentials/waiting-folder';
import { sharedRedis } from '../helpers/services';

const log = createLog('silent');

/** Made by the host's CacheService, RedisCache and Baileys' BufferJSON, from invented values. */
const CREDS = String.raw`{"registrationId":7,"me":{"id":"5511900000000:3@s.whatsapp.net","name":"Zoë \"😀\"\n\\"},"noiseKey":{"private":{"type":"Buffer","data":"AP9/"},"public":{"type":"Buffer","data":"AQID"}},"accountSyncCounter":0}`;
const PRE_KEY = '{"private":{"type":"Buffer","data":"AP9/"},"public":{"type":"Buffer","data":"AQID"}}';
const SESSION = '{"type":"Buffer","data":"CQg="}';
const CREDS_TWICE = String.raw`"{\"registrationId\":7,\"me\":{\"id\":\"5511900000000:3@s.whatsapp.net\",\"name\":\"Zoë \\\"😀\\\"\\n\\\\\"},\"noiseKey\":{\"private\":{\"type\":\"Buffer\",\"data\":\"AP9/\"},\"public\":{\"type\":\"Buffer\",\"data\":\"AQID\"}},\"accountSyncCounter\":0}"`;
const PRE_KEY_TWICE = String.raw`"{\"private\":{\"type\":\"Buffer\",\"data\":\"AP9/\"},\"public\":{\"type\":\"Buffer\",\"data\":\"AQID\"}}"`;
const SESSION_TWICE = String.raw`"{\"type\":\"Buffer\",\"data\":\"CQg=\"}"`;
const SENDER_KEY = 'sender-key-123@g.us::5511900000000_1::0';
const KEYS_TWICE = {
  'pre-key-7': PRE_KEY_TWICE,
  'session-5511900000000.0': SESSION_TWICE,
  [SENDER_KEY]: SESSION_TWICE,
};

let hostDir: string;
let uri: string;
let redis: Redis;
let id: string;
const sessions = new Map<string, string>();
const opened: { stop: () => void }[] = [];

/** Stands in for the host's table. */
const rows = {
  readSession: (instance: string) => Promise.resolve(sessions.get(instance)),
  writeSession: (instance: string, creds: string) => Promise.resolve(void sessions.set(instance, creds)),
  deleteSession: (instance: string) => Promise.resolve(void sessions.delete(instance)),
};

const IN_REDIS = { CACHE_REDIS_ENABLED: 'true', CACHE_REDIS_SAVE_INSTANCES: 'true' };
const IN_SESSION = { DATABASE_SAVE_DATA_INSTANCE: 'true' };

function choose(environment: Record<string, string>) {
  const open = openCredentials({ environment: { CACHE_REDIS_PREFIX_KEY: 'test', ...environment }, hostDir, rows, log });
  opened.push(open);
  return open.choice;
}

function storeOf(environment: Record<string, string>): CredentialStore {
  const choice = choose(environment);
  if ('reason' in choice) throw new Error(choice.reason);
  return choice.store;
}

const hashName = () => `test:instance:${id}`;
const folder = () => join(hostDir, 'instances', id);

async function filesOf(): Promise<Record<string, string>> {
  const names = await readdir(folder());
  const texts = await Promise.all(names.map((name) => readFile(join(folder(), name), 'utf8')));
  return Object.fromEntries(names.map((name, at) => [name, texts[at] ?? '']));
}

beforeAll(async () => {
  uri = await sharedRedis();
  redis = new Redis(uri);
});

beforeEach(async () => {
  id = randomUUID();
  hostDir = await mkdtemp(join(tmpdir(), 'guard-credentials-'));
});

afterEach(async () => {
  for (const each of opened.splice(0)) each.stop();
  sessions.clear();
  await redis.del(hashName());
  await rm(hostDir, { recursive: true });
});

afterAll(() => redis.disconnect());

describe('credentials in Redis alone', () => {
  const open = () => storeOf({ ...IN_REDIS, ...IN_SESSION, CACHE_REDIS_URI: uri });
  const written = { creds: CREDS_TWICE, ...KEYS_TWICE };

  it('are read as the host wrote them, removed, and written back byte for byte', async () => {
    const store = open();
    await redis.hset(hashName(), written);
    const read = await store.read(id);
    expect(read?.creds).toBe(CREDS);
    expect(Object.fromEntries(read?.keys ?? [])).toEqual({
      'pre-key-7': PRE_KEY,
      'session-5511900000000.0': SESSION,
      [SENDER_KEY]: SESSION,
    });
    await store.remove(id);
    expect(await redis.exists(hashName())).toBe(0);
    expect(await store.read(id)).toBeUndefined();
    if (read) await store.write(id, read);
    expect(await redis.hgetall(hashName())).toEqual(written);
  });

  it('take the place of what is there', async () => {
    await redis.hset(hashName(), { ...written, 'pre-key-8': PRE_KEY_TWICE });
    await redis.expire(hashName(), 100);
    await redis.hset(`{${hashName()}}:draft`, 'left by a process that died', PRE_KEY_TWICE);
    await open().write(id, { creds: CREDS, keys: new Map([['pre-key-9', PRE_KEY]]) });
    expect(await redis.hgetall(hashName())).toEqual({ creds: CREDS_TWICE, 'pre-key-9': PRE_KEY_TWICE });
    expect([await redis.ttl(hashName()), await redis.keys(`*${hashName()}*`)]).toEqual([-1, [hashName()]]);
  });

  it('are left alone while writes of the instance wait on the disk', async () => {
    const store = open();
    await redis.hset(hashName(), written);
    await mkdir(waitingFolder(join(hostDir, 'instances'), id), { recursive: true });
    const failure = { code: 'GUARD_CREDENTIALS_PLACE', detail: expect.stringContaining('evolution-guard-waiting') };
    await expect(store.read(id)).rejects.toMatchObject(failure);
    await expect(store.write(id, { creds: '{}', keys: new Map() })).rejects.toMatchObject(failure);
    await expect(store.remove(id)).rejects.toMatchObject(failure);
    expect(await redis.hgetall(hashName())).toEqual(written);
    expect(await store.read(randomUUID())).toBeUndefined();
  });

  it('are moved whole when there are ten thousand keys', async () => {
    const store = open();
    const keys = new Map(Array.from({ length: 10_000 }, (_, key) => [`pre-key-${key}`, PRE_KEY]));
    await store.write(id, { creds: CREDS, keys });
    expect(await redis.hlen(hashName())).toBe(10_001);
    const read = await store.read(id);
    expect(read).toEqual({ creds: CREDS, keys });
  });

  it.each([
    ['no JSON', 'creds'],
    ['encoded once', PRE_KEY],
  ])('that the host could not read either are refused: %s', async (_what, value) => {
    await redis.hset(hashName(), { creds: CREDS_TWICE, 'pre-key-7': value });
    await expect(open().read(id)).rejects.toMatchObject({ code: 'GUARD_CREDENTIALS_MALFORMED' });
  });
});

describe('creds in the table Session with keys in Redis', () => {
  it('are read as the host wrote them, removed, and written back byte for byte', async () => {
    const store = storeOf({ ...IN_SESSION, CACHE_REDIS_ENABLED: 'true', CACHE_REDIS_URI: uri });
    sessions.set(id, CREDS_TWICE);
    await redis.hset(hashName(), KEYS_TWICE);
    const read = await store.read(id);
    expect([read?.creds, read?.keys.get(SENDER_KEY), read?.keys.size]).toEqual([CREDS, SESSION, 3]);
    await store.remove(id);
    expect([sessions.size, await redis.exists(hashName())]).toEqual([0, 0]);
    if (read) await store.write(id, read);
    expect([sessions.get(id), await redis.hgetall(hashName())]).toEqual([CREDS_TWICE, KEYS_TWICE]);
  });

  it('are none where only keys are left', async () => {
    await redis.hset(hashName(), KEYS_TWICE);
    const store = storeOf({ ...IN_SESSION, CACHE_REDIS_ENABLED: 'true', CACHE_REDIS_URI: uri });
    expect(await store.read(id)).toBeUndefined();
    await store.write(id, { creds: CREDS, keys: new Map() });
    expect(await redis.exists(hashName())).toBe(0);
  });
});

describe('creds in the table Session with keys in files', () => {
  const files = {
    'pre-key-7.json': PRE_KEY,
    'sender-key-123@g.us--5511900000000_1--0.json': SESSION,
    'app-state-sync-key-AAAA__Q+=.json': PRE_KEY,
  };

  beforeEach(async () => {
    sessions.set(id, CREDS_TWICE);
    await mkdir(folder(), { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder(), name), text);
  });

  it('are read as the host wrote them, removed, and written back byte for byte', async () => {
    const store = storeOf(IN_SESSION);
    const read = await store.read(id);
    expect([read?.creds, read?.keys.get('pre-key-7'), read?.keys.size]).toEqual([CREDS, PRE_KEY, 3]);
    await store.remove(id);
    expect([sessions.size, await filesOf(), await store.read(id)]).toEqual([0, {}, undefined]);
    if (read) await store.write(id, read);
    expect([sessions.get(id), await filesOf()]).toEqual([CREDS_TWICE, files]);
  });

  it('get the host’s file names, and take the place of those that are there', async () => {
    const keys = new Map([
      [SENDER_KEY, SESSION],
      ['app-state-sync-key-AAAA/Q+=', PRE_KEY],
    ]);
    await storeOf(IN_SESSION).write(id, { creds: CREDS, keys });
    const { 'pre-key-7.json': gone, ...rest } = files;
    expect([gone, await filesOf()]).toEqual([PRE_KEY, rest]);
  });

  it('are there without a folder', async () => {
    await rm(folder(), { recursive: true });
    const store = storeOf(IN_SESSION);
    expect(await store.read(id)).toEqual({ creds: CREDS, keys: new Map() });
    await store.write(id, { creds: CREDS, keys: new Map([['pre-key-7', PRE_KEY]]) });
    expect(await filesOf()).toEqual({ 'pre-key-7.json': PRE_KEY });
  });

  it('tell of a folder that cannot be written', async () => {
    await rm(folder(), { recursive: true });
    await writeFile(folder(), 'no folder');
    const store = storeOf(IN_SESSION);
    const failure = { code: 'GUARD_CREDENTIALS_PLACE' };
    await expect(store.write(id, { creds: CREDS, keys: new Map() })).rejects.toMatchObject(failure);
    await expect(store.remove(id)).rejects.toMatchObject(failure);
  });
});

describe('the place of credentials', () => {
  it.each([
    ['where another service keeps them', { ...IN_SESSION, PROVIDER_ENABLED: 'true' }, /PROVIDER_ENABLED/],
    ['where nothing is kept', { CACHE_REDIS_ENABLED: 'true' }, /DATABASE_SAVE_DATA_INSTANCE/],
    ['where Redis is asked for without an address', { ...IN_SESSION, ...IN_REDIS }, /CACHE_REDIS_URI/],
  ])('is none %s, with the reason', (_where, environment, reason) => {
    expect(choose(environment)).toMatchObject({ reason: expect.stringMatching(reason) as unknown });
  });

  it('follows the host’s own order of variables', () => {
    const at = { ...IN_SESSION, CACHE_REDIS_URI: uri, CACHE_REDIS_SAVE_INSTANCES: 'true' };
    expect(storeOf({ ...at, CACHE_REDIS_ENABLED: 'true' }).place).toMatch(/^Redis/);
    expect(storeOf({ ...at, CACHE_REDIS_ENABLED: 'false' }).place).toMatch(/^the table Session, and files/);
  });
});
