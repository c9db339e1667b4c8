import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CredentialCache } from '../../src/cache/credential-cache';
import type { HostCache } from '../../src/cache/host-cache';
import { UnreadCredentials } from '../../src/cache/waiting/unread-credentials';
import { WaitingCredentials } from '../../src/cache/waiting/waiting-credentials';
import { GuardError } from '../../src/core/errors';
import { fakeRedis } from '../helpers/fake-credential-writes';
import { recordingLog } from '../helpers/recording-log';
import { until } from '../helpers/until';

const away = new GuardError('GUARD_CACHE_AWAY', 'It is a test.');

interface Call {
  text: string;
  succeed: (reply?: unknown) => void;
  fail: (error?: Error) => void;
}

/** What has reached Redis and is not answered yet, in order. */
let calls: Call[];
let instancesDir: string;
let waiting: WaitingCredentials;
let unread: UnreadCredentials;
let cache: CredentialCache;

function redis(): HostCache {
  const method = (name: string) => [
    name,
    (...args: unknown[]) =>
      new Promise((resolve, reject) => {
        calls.push({
          text: [name, ...args].join(' '),
          succeed: resolve,
          fail: (error: Error = away) => reject(error),
        });
      }),
  ];
  const names = ['get', 'set', 'has', 'keys', 'delete', 'deleteAll', 'hGet', 'hSet', 'hDelete'];
  return Object.fromEntries(names.map(method)) as HostCache;
}

beforeEach(() => {
  calls = [];
  instancesDir = mkdtempSync(join(tmpdir(), 'credential-cache-'));
  waiting = new WaitingCredentials({ instancesDir, clock: { now: () => 0 }, log: recordingLog() });
  unread = new UnreadCredentials(recordingLog());
  cache = new CredentialCache({ cache: redis(), waiting, unread });
});
afterEach(() => rmSync(instancesDir, { recursive: true }));

const texts = () => calls.map(({ text }) => text);

/** The next call that reaches Redis, once it does. */
async function next(): Promise<Call> {
  await until(() => calls.length > 0);
  return calls.shift() as Call;
}

/** Lets everything go on that waits for nothing. */
const turn = () => new Promise(setImmediate);

describe('writes of credentials', () => {
  it('of different fields and instances are under way together', () => {
    void cache.hSet('a', 'creds', '1');
    void cache.hSet('a', 'pre-key-1', '1');
    void cache.hDelete('a', 'pre-key-2');
    void cache.hSet('b', 'creds', '1');
    expect(texts()).toEqual(['hSet a creds 1', 'hSet a pre-key-1 1', 'hDelete a pre-key-2', 'hSet b creds 1']);
    for (const { succeed } of calls) succeed(1);
  });

  it('of one field go one after the other', async () => {
    const written = [cache.hSet('a', 'creds', '1'), cache.hDelete('a', 'creds'), cache.hSet('a', 'creds', '2')];
    for (const expected of ['hSet a creds 1', 'hDelete a creds', 'hSet a creds 2']) {
      await turn();
      expect(texts()).toEqual([expected]);
      (await next()).succeed(1);
    }
    expect((await Promise.all(written))[1]).toBe(1);
  });

  it('of one field go one after the other also when they come as one has ended', async () => {
    const written = [cache.hSet('a', 'creds', '1'), cache.hSet('a', 'creds', '2')];
    (await next()).succeed();
    const second = await next();
    written.push(cache.hSet('a', 'creds', '3'));
    await turn();
    expect(texts()).toEqual([]);
    second.succeed();
    (await next()).succeed();
    await Promise.all(written);
  });

  it('that come while one is under way wait on the disk if that fails, so that the latest counts', async () => {
    const written = ['1', '2', '3'].map((value) => cache.hSet('a', 'creds', value));
    (await next()).fail();
    await Promise.all(written);
    expect([waiting.get('a', 'creds'), calls]).toEqual([{ value: '3' }, []]);
    const back = fakeRedis();
    await waiting.drain(back);
    expect(back.calls).toEqual(['hSet a creds 3']);
  });

  it('wait only from the one on that fails', async () => {
    const written = ['1', '2', '3'].map((value) => cache.hSet('a', 'creds', value));
    (await next()).succeed();
    await written[0];
    (await next()).fail();
    await Promise.all(written);
    expect([waiting.get('a', 'creds'), waiting.size().writes, calls]).toEqual([{ value: '3' }, 1, []]);
  });

  it('of other fields wait too while one of the instance does, and those of other instances do not', async () => {
    const failed = cache.hSet('a', 'creds', '1');
    (await next()).fail();
    await failed;
    await cache.hSet('a', 'pre-key-1', '1');
    expect(await cache.hDelete('a', 'pre-key-2')).toBeUndefined();
    expect([waiting.get('a', 'pre-key-1'), waiting.get('a', 'pre-key-2')]).toEqual([{ value: '1' }, { value: null }]);
    const other = cache.hSet('b', 'creds', '1');
    (await next()).succeed();
    await other;
    expect(waiting.isWaiting('b')).toBe(false);
  });

  it('that delete a field wait as those that set it', async () => {
    const deleted = cache.hDelete('a', 'pre-key-1');
    (await next()).fail();
    expect(await deleted).toBeUndefined();
    expect(waiting.get('a', 'pre-key-1')).toEqual({ value: null });
  });

  it('that are no text, as none of the host’s are, are told when they fail', async () => {
    const written = cache.hSet('a', 'creds', { not: 'text' });
    const after = cache.hSet('a', 'creds', '1');
    (await next()).fail();
    await expect(written).rejects.toBe(away);
    (await next()).succeed();
    await after;
    expect(waiting.isWaiting('a')).toBe(false);
  });
});

describe('a deletion of all credentials of an instance', () => {
  it('comes after the writes before it and before those after it, of whatever field', async () => {
    const all = [cache.hSet('a', 'creds', '1'), cache.hSet('a', 'pre-key-1', '1'), cache.delete('a')];
    all.push(cache.hSet('a', 'pre-key-2', '2'), cache.hSet('b', 'creds', '1'));
    await turn();
    expect(texts()).toEqual(['hSet a creds 1', 'hSet a pre-key-1 1', 'hSet b creds 1']);
    (await next()).succeed();
    await turn();
    expect(texts()).toEqual(['hSet a pre-key-1 1', 'hSet b creds 1']);
    (await next()).succeed();
    (await next()).succeed();
    const deletion = await next();
    await turn();
    expect([deletion.text, texts()]).toEqual(['delete a', []]);
    deletion.succeed(1);
    const last = await next();
    expect(last.text).toBe('hSet a pre-key-2 2');
    last.succeed();
    expect((await Promise.all(all))[2]).toBe(1);
  });

  it('takes what came before with it where a write before it fails', async () => {
    const all = [cache.hSet('a', 'creds', '1'), cache.delete('a'), cache.hSet('a', 'pre-key-1', '2')];
    (await next()).fail();
    expect((await Promise.all(all))[1]).toBeUndefined();
    expect([waiting.get('a', 'creds'), waiting.get('a', 'pre-key-1'), calls]).toEqual([{ value: null }, { value: '2' }, []]); // prettier-ignore
  });

  it('waits where it fails, and so do those after it', async () => {
    const all = [cache.delete('a'), cache.hSet('a', 'creds', '2')];
    (await next()).fail(new GuardError('GUARD_CACHE_DELETE', 'It is a test.'));
    await Promise.all(all);
    const back = fakeRedis({ a: { creds: '1', 'pre-key-1': '1' } });
    await waiting.drain(back);
    expect(back.contents).toEqual({ a: { creds: '2' } });
  });

  it('may be of several, and tells how many there were unless one waits', async () => {
    const both = cache.delete(['a', 'b']);
    (await next()).succeed(1);
    (await next()).succeed(1);
    expect(await both).toBe(2);
    const one = cache.delete(['a', 'b', 'c']);
    (await next()).succeed(1);
    (await next()).fail();
    (await next()).succeed(0);
    expect(await one).toBeUndefined();
    expect(['a', 'b', 'c'].map((id) => waiting.isWaiting(id))).toEqual([false, true, false]);
  });
});

describe('reads of credentials', () => {
  it('are answered by what waits, and else by Redis', async () => {
    await waiting.put('a', 'creds', '"new"');
    await waiting.put('a', 'pre-key-1', null);
    expect([await cache.hGet('a', 'creds'), await cache.hGet('a', 'pre-key-1')]).toEqual(['"new"', null]);
    const other = cache.hGet('a', 'pre-key-2');
    (await next()).succeed('"there"');
    expect(await other).toBe('"there"');
  });

  it('that fail for the credentials themselves keep everything of the instance from being written', async () => {
    const read = cache.hGet('a', 'creds');
    (await next()).fail();
    await expect(read).rejects.toBe(away);
    const writes = [cache.hSet('a', 'creds', 'new'), cache.hSet('a', 'pre-key-1', 'new'), cache.hDelete('a', 'creds')];
    for (const write of writes) await expect(write).rejects.toMatchObject({ code: 'GUARD_CREDENTIALS_UNREAD' });
    expect([waiting.isWaiting('a'), calls]).toEqual([false, []]);
    void cache.hSet('b', 'creds', '1');
    expect(texts()).toEqual(['hSet b creds 1']);
  });

  it.each([['them'], [null]])('that are answered later, be it with %j, let writes through again', async (answer) => {
    unread.wasNotRead('a');
    const read = cache.hGet('a', 'creds');
    (await next()).succeed(answer);
    expect(await read).toBe(answer);
    const write = cache.hSet('a', 'creds', '1');
    (await next()).succeed();
    await write;
  });

  it('that fail for keys alone hold up nothing, and those that are answered make up for no others', async () => {
    const read = cache.hGet('a', 'pre-key-1');
    (await next()).fail();
    await expect(read).rejects.toBe(away);
    expect(unread.all()).toEqual([]);
    unread.wasNotRead('a');
    const other = cache.hGet('a', 'pre-key-1');
    (await next()).succeed(null);
    await other;
    expect(unread.all()).toEqual(['a']);
  });

  it('are made up for by a deletion of all: nothing is left to overwrite', async () => {
    unread.wasNotRead('a');
    const deleted = cache.delete('a');
    (await next()).fail();
    await deleted;
    expect(unread.all()).toEqual([]);
    await cache.hSet('a', 'creds', 'new');
    expect(waiting.get('a', 'creds')).toEqual({ value: 'new' });
  });
});

it('what is no hash goes to the cache of the host as it is', () => {
  void cache.get('key');
  void cache.set('key', 1, 2);
  void cache.has('key');
  void cache.keys('a');
  void cache.deleteAll('a');
  expect(texts()).toEqual(['get key', 'set key 1 2', 'has key', 'keys a', 'deleteAll a']);
});
