import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sharedRedis, startRedis } from '../helpers/services';
import { openKeysRig, type KeysRig, type Opened } from './signal-keys-rig';

const SENDER_KEY = 'sender-key-123@g.us::5511900000000_1::0';
const STATE_KEY = 'app-state-sync-key-AAAA/Q+=';
const KEYS = { 'pre-key-7': '{"private":1}', [SENDER_KEY]: '{"chain":1}', [STATE_KEY]: '{"key":1}' };
const FILES = {
  'app-state-sync-key-AAAA__Q+=.json': '{"key":1}',
  'pre-key-7.json': '{"private":1}',
  'sender-key-123@g.us--5511900000000_1--0.json': '{"chain":1}',
};
const CREDS = '{"registrationId":7}';
const UNUSABLE = { code: 'GUARD_CREDENTIALS_PLACE' };

let rig: KeysRig;

beforeEach(async () => {
  rig = await openKeysRig(await sharedRedis());
});
afterEach(() => rig.stop());

/** What a host has written without a bypass. */
async function writeHash(fields: Record<string, string> = { creds: CREDS, ...KEYS }): Promise<void> {
  for (const [field, value] of Object.entries(fields)) await rig.redis.hset(rig.hash, field, JSON.stringify(value));
}

/** What a host without Redis has left: no marker says that it counts. */
function leaveFile(name: string, text: string): void {
  const file = join(dirname(rig.marker), name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

describe('signal keys that are kept out of Redis', () => {
  it('are written to the host’s files, read there and deleted there, with creds in Redis', async () => {
    const { cache } = rig.open(true);
    await cache.hSet(rig.id, 'creds', CREDS);
    for (const [field, value] of Object.entries(KEYS)) await cache.hSet(rig.id, field, value);
    expect([await rig.files(), await rig.fields()]).toEqual([FILES, { creds: CREDS }]);
    expect([await cache.hGet(rig.id, SENDER_KEY), await cache.hGet(rig.id, 'creds')]).toEqual(['{"chain":1}', CREDS]);
    expect([await cache.hDelete(rig.id, STATE_KEY), await cache.hDelete(rig.id, STATE_KEY)]).toEqual([1, 0]);
    expect(await cache.hGet(rig.id, STATE_KEY)).toBeNull();
  });

  it('leave Redis before the first of them is read, over what an earlier time has left in the files', async () => {
    await writeHash();
    leaveFile('pre-key-7.json', 'stale');
    leaveFile('pre-key-6.json', 'stale');
    expect(await rig.open(true).cache.hGet(rig.id, 'pre-key-7')).toBe('{"private":1}');
    expect([await rig.files(), await rig.fields()]).toEqual([FILES, { creds: CREDS }]);
  });

  it('are no reason to ask anybody when creds are read', async () => {
    await writeHash();
    const { cache, steps } = rig.open(true);
    expect([await cache.hGet(rig.id, 'creds'), steps]).toEqual([CREDS, []]);
  });

  it('are moved once, however many calls come at first', async () => {
    await writeHash();
    const { cache, steps } = rig.open(true);
    const read = Object.keys(KEYS).map((field) => cache.hGet(rig.id, field));
    const written = cache.hSet(rig.id, 'pre-key-8', '{}');
    expect([await Promise.all(read), await written]).toEqual([Object.values(KEYS), undefined]);
    await cache.hGet(rig.id, 'pre-key-7');
    expect(steps.filter((step) => step === 'read of the hash')).toHaveLength(1);
  });

  it('keep the last of several writes, and are read as they were written last', async () => {
    const { cache } = rig.open(true);
    const writes = Array.from({ length: 50 }, (_, at) => cache.hSet(rig.id, 'session-1.0', `{"at":${at}}`));
    expect(await cache.hGet(rig.id, 'session-1.0')).toBe('{"at":49}');
    await Promise.all(writes);
    expect(await rig.files()).toEqual({ 'session-1.0.json': '{"at":49}' });
  });

  it('count in the files when a later process starts, and what Redis has of them is removed', async () => {
    await writeHash();
    await rig.open(true).cache.hSet(rig.id, 'pre-key-7', '{"private":2}');
    await writeHash();
    const later = rig.open(true);
    expect(await later.cache.hGet(rig.id, 'pre-key-7')).toBe('{"private":2}');
    expect(await rig.fields()).toEqual({ creds: CREDS });
  });

  it('outlive a start after the host has removed the whole folder at a logout', async () => {
    const { cache } = rig.open(true);
    await cache.hSet(rig.id, 'pre-key-7', 'of the session that ended');
    rmSync(dirname(rig.marker), { recursive: true });
    expect(await cache.hGet(rig.id, 'pre-key-7')).toBeNull();
    await Promise.all(Object.entries(KEYS).map(([field, value]) => cache.hSet(rig.id, field, value)));
    expect(await rig.open(true).cache.hGet(rig.id, SENDER_KEY)).toBe('{"chain":1}');
    await rig.open(false).cache.hGet(rig.id, SENDER_KEY);
    expect(await rig.fields()).toEqual(KEYS);
  });

  it('are deleted with their instance', async () => {
    await writeHash();
    const { cache } = rig.open(true);
    await cache.hGet(rig.id, 'pre-key-7');
    expect(await cache.delete([rig.id, 'name'])).toBe(1);
    expect([await rig.files(), existsSync(rig.marker), await rig.fields()]).toEqual([{}, false, {}]);
    expect(await cache.hGet(rig.id, 'pre-key-7')).toBeNull();
  });

  it('do not come back with a move during which they are deleted', async () => {
    await writeHash();
    let deleted: Promise<unknown> | undefined;
    const { cache } = rig.open(true, (step) => {
      if (step === 'after read of the hash') deleted ??= cache.delete(rig.id);
    });
    await cache.hGet(rig.id, 'pre-key-7');
    const later = cache.hGet(rig.id, 'pre-key-7');
    expect([await deleted, await later]).toEqual([1, null]);
    expect([await rig.files(), await rig.fields()]).toEqual([{}, {}]);
  });

  it('do not let a deletion of their instance take creds that were written after it', async () => {
    const { cache } = rig.open(true);
    await cache.hSet(rig.id, 'creds', CREDS);
    const calls = [
      cache.hSet(rig.id, 'pre-key-7', '{}'),
      cache.delete(rig.id),
      cache.hSet(rig.id, 'creds', '{"new":1}'),
    ];
    await Promise.all(calls);
    expect([await rig.files(), await rig.fields()]).toEqual([{}, { creds: '{"new":1}' }]);
  });

  it('of another instance are not deleted by a name that leads to its folder', async () => {
    const { cache } = rig.open(true);
    await cache.hSet(rig.id, 'pre-key-7', '{}');
    await cache.delete([`./${rig.id}`, `x/../${rig.id}`, '..', '']);
    expect(await rig.files()).toEqual({ 'pre-key-7.json': '{}' });
  });

  it('of a new identity are refused where the old one’s creds could not be read', async () => {
    const { cache, unread } = rig.open(true);
    await cache.hSet(rig.id, 'pre-key-7', '{}');
    unread.wasNotRead(rig.id);
    const refused = { code: 'GUARD_CREDENTIALS_UNREAD' };
    await expect(cache.hSet(rig.id, 'pre-key-7', '{"new":1}')).rejects.toMatchObject(refused);
    await expect(cache.hDelete(rig.id, 'pre-key-7')).rejects.toMatchObject(refused);
    expect(await rig.files()).toEqual({ 'pre-key-7.json': '{}' });
  });
});

describe('signal keys that are kept out of Redis no more', () => {
  beforeEach(async () => {
    await writeHash();
    await rig.open(true).cache.hSet(rig.id, 'lid:9/1', '{"written":"since"}');
  });

  it('return to it under their own names before the first of them is read', async () => {
    const { cache } = rig.open(false);
    expect(await cache.hGet(rig.id, SENDER_KEY)).toBe('{"chain":1}');
    expect(await rig.fields()).toEqual({ creds: CREDS, ...KEYS, 'lid:9/1': '{"written":"since"}' });
    expect([await rig.files(), existsSync(rig.marker)]).toEqual([{}, false]);
    await cache.hSet(rig.id, 'pre-key-7', '{"private":2}');
    expect(await rig.fields()).toMatchObject({ 'pre-key-7': '{"private":2}' });
  });

  it('take the place of those in Redis', async () => {
    await writeHash({ 'pre-key-7': 'stale', 'pre-key-6': 'stale' });
    await rig.open(false).cache.hGet(rig.id, 'pre-key-7');
    expect(await rig.fields()).toEqual({ creds: CREDS, ...KEYS, 'lid:9/1': '{"written":"since"}' });
  });

  it('are deleted from the files also before they return', async () => {
    await rig.open(false).cache.delete(rig.id);
    expect([await rig.files(), existsSync(rig.marker), await rig.fields()]).toEqual([{}, false, {}]);
  });
});

describe('signal keys that never left Redis', () => {
  it('are used as ever: files that an earlier time has left are neither read nor removed', async () => {
    await writeHash();
    leaveFile('pre-key-7.json', 'stale');
    const { cache, steps } = rig.open(false);
    expect([await cache.hGet(rig.id, 'pre-key-7'), steps]).toEqual(['{"private":1}', []]);
    await cache.delete(rig.id);
    expect([await rig.files(), await rig.fields()]).toEqual([{ 'pre-key-7.json': 'stale' }, {}]);
  });
});

/** Each step of a move into the files, and of one back, with what comes between two fields. */
const CRASHES: [crash: string, way: string, inFiles: boolean][] = [
  ...['read of the hash', 'write of the files', 'removal of a field'].map(
    (step) => [step, 'into files', true] as const,
  ),
  ...['read of the files', 'write of a field', 'removal of the files'].map(
    (step) => [step, 'into Redis', false] as const,
  ),
].flatMap(([step, way, inFiles]) => [
  [`before ${step}`, way, inFiles],
  [`after ${step}`, way, inFiles],
]);

describe('a crash', () => {
  beforeEach(async () => {
    await writeHash();
  });

  const crashingAt = (crash: string, time: number) => {
    let left = time;
    return (step: string) => {
      if (step === crash && (left -= 1) <= 0) throw new Error('It is a crash.');
    };
  };

  async function expectWhole({ cache }: Opened, inFiles: boolean): Promise<void> {
    for (const [field, value] of Object.entries(KEYS)) expect(await cache.hGet(rig.id, field)).toBe(value);
    const [files, fields] = inFiles ? [FILES, { creds: CREDS }] : [{}, { creds: CREDS, ...KEYS }];
    expect([await rig.files(), await rig.fields()]).toEqual([files, fields]);
  }

  it.each(CRASHES)(
    '%s, on the way %s, costs no key, whichever way the next process goes',
    async (crash, _way, inFiles) => {
      for (const next of [inFiles, !inFiles]) {
        await rig.open(!inFiles).cache.hGet(rig.id, 'pre-key-7');
        const times = crash.endsWith('a field') ? 2 : 1;
        const died = rig.open(inFiles, crashingAt(crash, times));
        await expect(died.cache.hGet(rig.id, 'pre-key-7')).rejects.toThrow('It is a crash.');
        await expectWhole(rig.open(next), next);
      }
    },
  );

  it('in the midst of the files leaves those in Redis as they count', async () => {
    // In the way of one of them.
    leaveFile('pre-key-7.json/x', '');
    await expect(rig.open(true).cache.hGet(rig.id, SENDER_KEY)).rejects.toMatchObject(UNUSABLE);
    expect([existsSync(rig.marker), await rig.fields()]).toEqual([false, { creds: CREDS, ...KEYS }]);
    rmSync(join(dirname(rig.marker), 'pre-key-7.json'), { recursive: true });
    await expectWhole(rig.open(true), true);
  });

  it('in the midst of their removal leaves those in Redis as they count', async () => {
    await rig.open(true).cache.hGet(rig.id, 'pre-key-7');
    const { cache } = rig.open(false, (step) => {
      if (step === 'before removal of the files') leaveFile('unremovable.json/x', '');
    });
    await expect(cache.hGet(rig.id, 'pre-key-7')).rejects.toMatchObject(UNUSABLE);
    expect(existsSync(rig.marker)).toBe(false);
    rmSync(join(dirname(rig.marker), 'unremovable.json'), { recursive: true });
    await cache.hSet(rig.id, 'pre-key-7', '{"private":2}');
    expect(await rig.open(false).cache.hGet(rig.id, 'pre-key-7')).toBe('{"private":2}');
  });

  it('in the midst of a name harms no other', async () => {
    await rig.open(true).cache.hGet(rig.id, 'pre-key-7');
    writeFileSync(rig.marker, '"lid:9', { flag: 'a' });
    await rig.open(true).cache.hSet(rig.id, 'a:1', '{}');
    await rig.open(false).cache.hGet(rig.id, 'pre-key-7');
    expect(await rig.fields()).toEqual({ creds: CREDS, ...KEYS, 'a:1': '{}' });
  });
});

describe('a move that fails', () => {
  it('fails the call, and is tried again at the next', async () => {
    const server = await startRedis({ private: true });
    const own = await openKeysRig(server.url);
    await own.redis.hset(own.hash, 'pre-key-7', JSON.stringify('{"private":1}'));
    const { cache } = own.open(true);
    await server.pause();
    await expect(cache.hGet(own.id, 'pre-key-7')).rejects.toMatchObject(UNUSABLE);
    expect(existsSync(own.marker)).toBe(false);
    await server.resume();
    expect(await cache.hGet(own.id, 'pre-key-7')).toBe('{"private":1}');
    await own.stop();
    await server.stop();
  });

  it('does so while writes of the instance wait for Redis, on the disk or in memory', async () => {
    await writeHash();
    const { cache, waiting, stored } = rig.open(true);
    await waiting.put(rig.id, 'pre-key-7', '{"private":2}');
    await expect(cache.hGet(rig.id, 'pre-key-7')).rejects.toMatchObject(UNUSABLE);
    rmSync(join(rig.instancesDir, 'evolution-guard-waiting'), { recursive: true });
    await expect(cache.hGet(rig.id, 'pre-key-7')).rejects.toMatchObject(UNUSABLE);
    await waiting.drain(stored);
    expect(await cache.hGet(rig.id, 'pre-key-7')).toBe('{"private":2}');
  });
});
