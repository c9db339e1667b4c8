import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { createLog } from '../../src/core/log';
import type { CredentialStore } from '../../src/stores/credentials';
import { openCredentials } from '../../src/stores/credentials/open';
import { sharedRedis } from '../helpers/services';
import { openKeysRig, type KeysRig } from './signal-keys-rig';

const CREDS = '{"registrationId":7}';
const SENDER_KEY = 'sender-key-123@g.us::5511900000000_1::0';
const KEYS = new Map([
  ['pre-key-7', '{"private":1}'],
  [SENDER_KEY, '{"chain":1}'],
]);
const FILES = { 'pre-key-7.json': '{"private":1}', 'sender-key-123@g.us--5511900000000_1--0.json': '{"chain":1}' };
const BYPASS = { GUARD_ENABLED: 'true', GUARD_CACHE_BYPASS: 'groups, signal-keys' };

let rig: KeysRig;
let uri: string;
const sessions = new Map<string, string>();
const opened: { stop: () => void }[] = [];

/** Stands in for the host's table. */
const rows = {
  readSession: (instance: string) => Promise.resolve(sessions.get(instance)),
  writeSession: (instance: string, creds: string) => Promise.resolve(void sessions.set(instance, creds)),
  deleteSession: (instance: string) => Promise.resolve(void sessions.delete(instance)),
};

beforeEach(async () => {
  uri = await sharedRedis();
  rig = await openKeysRig(uri);
});

afterEach(async () => {
  for (const each of opened.splice(0)) each.stop();
  sessions.clear();
  await rig.stop();
});

describe.each([
  ['Redis', { CACHE_REDIS_SAVE_INSTANCES: 'true' }],
  ['the table Session', { DATABASE_SAVE_DATA_INSTANCE: 'true' }],
])('credentials with signal keys kept out of Redis, and creds in %s', (place, environment) => {
  function storeWith(bypass: Record<string, string>): CredentialStore {
    const open = openCredentials({
      environment: {
        CACHE_REDIS_ENABLED: 'true',
        CACHE_REDIS_URI: uri,
        CACHE_REDIS_PREFIX_KEY: rig.hash.split(':')[0] ?? '',
        ...environment,
        ...bypass,
      },
      hostDir: rig.hostDir,
      rows,
      log: createLog('silent'),
    });
    opened.push(open);
    if ('reason' in open.choice) throw new Error(open.choice.reason);
    return open.choice.store;
  }

  const inRedis = place === 'Redis';
  const credsField = inRedis ? { creds: CREDS } : {};

  async function writeAsHost(): Promise<void> {
    if (inRedis) await rig.redis.hset(rig.hash, 'creds', JSON.stringify(CREDS));
    else sessions.set(rig.id, JSON.stringify(CREDS));
    for (const [key, text] of KEYS) await rig.redis.hset(rig.hash, key, JSON.stringify(text));
  }

  const move = (inFiles: boolean) => rig.open(inFiles).cache.hGet(rig.id, 'pre-key-7');
  const left = async () => [await rig.fields(), await rig.files(), existsSync(rig.marker), sessions.size];

  it('are read and removed before the host has moved the keys', async () => {
    await writeAsHost();
    const store = storeWith(BYPASS);
    expect(await store.read(rig.id)).toEqual({ creds: CREDS, keys: KEYS });
    await store.remove(rig.id);
    expect(await left()).toEqual([{}, {}, false, 0]);
  });

  it('are read and removed after that, and written to where the host reads them', async () => {
    await writeAsHost();
    await move(true);
    const store = storeWith(BYPASS);
    const read = await store.read(rig.id);
    expect(read).toEqual({ creds: CREDS, keys: KEYS });
    await store.remove(rig.id);
    expect(await left()).toEqual([{}, {}, false, 0]);
    if (read) await store.write(rig.id, read);
    expect(await left()).toEqual([credsField, FILES, true, inRedis ? 0 : 1]);
    const { cache } = rig.open(true);
    expect(await cache.hGet(rig.id, SENDER_KEY)).toBe('{"chain":1}');
    if (inRedis) expect(await cache.hGet(rig.id, 'creds')).toBe(CREDS);
  });

  it('take the place of keys that the host has not moved yet', async () => {
    await writeAsHost();
    await storeWith(BYPASS).write(rig.id, { creds: CREDS, keys: new Map([['pre-key-8', '{}']]) });
    expect(await left()).toEqual([credsField, { 'pre-key-8.json': '{}' }, true, inRedis ? 0 : 1]);
  });

  it.each([
    ['the bypass is switched off', { ...BYPASS, GUARD_CACHE_BYPASS: '' }],
    ['the cache of the plugin is switched off', { ...BYPASS, GUARD_CACHE: 'false' }],
    ['the plugin is switched off', { ...BYPASS, GUARD_ENABLED: 'false' }],
  ])('are read from the files when %s, and written to Redis', async (_when, off) => {
    await writeAsHost();
    await move(true);
    const store = storeWith(off);
    const read = await store.read(rig.id);
    expect(read).toEqual({ creds: CREDS, keys: KEYS });
    if (read) await store.write(rig.id, read);
    expect(await left()).toEqual([{ ...credsField, ...Object.fromEntries(KEYS) }, {}, false, inRedis ? 0 : 1]);
  });
});
