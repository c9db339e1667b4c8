import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WaitingCredentials } from '../../src/cache/waiting/waiting-credentials';
import { GuardError } from '../../src/core/errors';
import { fakeRedis, type FakeRedis } from '../helpers/fake-credential-writes';
import { recordingLog } from '../helpers/recording-log';

let instancesDir: string;
let redis: FakeRedis;
let waiting: WaitingCredentials;

const open = () => new WaitingCredentials({ instancesDir, clock: { now: () => 0 }, log: recordingLog() });
const folders = () => readdirSync(join(instancesDir, 'evolution-guard-waiting'));
const away = new GuardError('GUARD_CACHE_AWAY', 'It is a test.');
const refused = new GuardError('GUARD_CACHE_REFUSED', 'WRONGTYPE.');

beforeEach(() => {
  instancesDir = mkdtempSync(join(tmpdir(), 'waiting-drain-'));
  redis = fakeRedis();
  waiting = open();
});
afterEach(() => rmSync(instancesDir, { recursive: true }));

describe('credentials that are written back', () => {
  it('are there as if Redis had never been away, and leave no files', async () => {
    await waiting.put('a', 'creds', '1');
    await waiting.put('a', 'pre-key-1', null);
    await waiting.removeAll('b');
    redis.contents = Object.assign(redis.contents, { a: { 'pre-key-1': 'old', kept: 'old' }, b: { creds: 'old' } });
    await waiting.drain(redis);
    expect(redis.contents).toEqual({ a: { creds: '1', kept: 'old' } });
    expect([folders(), waiting.size(), open().size().instances]).toEqual([
      [],
      expect.objectContaining({ writes: 0 }),
      0,
    ]);
  });

  it('stop where Redis fails, and go on from there', async () => {
    await waiting.put('a', 'creds', '1');
    await waiting.put('b', 'creds', '1');
    redis.before = (call) => {
      if (call.includes('hSet b')) throw away;
    };
    await expect(waiting.drain(redis)).rejects.toBe(away);
    expect([waiting.isWaiting('a'), waiting.isWaiting('b')]).toEqual([false, true]);
    expect(open().get('b', 'creds')).toEqual({ value: '1' });
    redis.before = () => undefined;
    await waiting.drain(redis);
    expect(redis.calls).toEqual(['hSet a creds 1', 'hSet b creds 1']);
  });

  it('do not wait for an instance that Redis refuses', async () => {
    await waiting.put('a', 'creds', '1');
    await waiting.put('b', 'creds', '1');
    redis.before = (call) => {
      if (call.includes('hSet a')) throw refused;
    };
    await expect(waiting.drain(redis)).rejects.toBe(refused);
    expect([waiting.isWaiting('a'), waiting.isWaiting('b')]).toEqual([true, false]);
  });

  it('are followed by a newer value that comes while the older is on its way', async () => {
    await waiting.put('a', 'creds', '1');
    const newer: Promise<void>[] = [];
    redis.before = (call) => {
      if (call.endsWith('creds 1')) newer.push(waiting.put('a', 'creds', '2'));
    };
    await waiting.drain(redis);
    await Promise.all(newer);
    expect([redis.calls, folders()]).toEqual([['hSet a creds 1', 'hSet a creds 2'], []]);
  });

  it('are followed by what comes while their files are being removed', async () => {
    await waiting.put('a', 'creds', '1');
    const drained = waiting.drain(redis);
    while (folders().every((name) => !name.endsWith('.ended')) && waiting.isWaiting('a')) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const put = waiting.put('a', 'creds', '2');
    await Promise.all([drained, put]);
    await waiting.drain(redis);
    expect([redis.contents, folders(), waiting.isWaiting('a')]).toEqual([{ a: { creds: '2' } }, [], false]);
  });

  it('are deleted by a deletion of all that comes meanwhile, which leaves what follows it', async () => {
    await waiting.put('a', 'creds', '1');
    await waiting.put('a', 'pre-key-1', '1');
    const later: Promise<void>[] = [];
    redis.before = (call) => {
      if (call.endsWith('creds 1')) later.push(waiting.removeAll('a'), waiting.put('a', 'creds', '2'));
    };
    await waiting.drain(redis);
    await Promise.all(later);
    expect([redis.contents, folders()]).toEqual([{ a: { creds: '2' } }, []]);
  });

  it('answer reads until all of the instance is written', async () => {
    await waiting.put('a', 'creds', 'old');
    await waiting.removeAll('a');
    await waiting.put('a', 'creds', '1');
    const seen: unknown[] = [];
    redis.before = () => void seen.push(waiting.get('a', 'creds'), waiting.get('a', 'gone'));
    await waiting.drain(redis);
    expect(seen).toEqual([{ value: '1' }, { value: null }, { value: '1' }, { value: null }]);
    expect(redis.calls).toEqual(['delete a', 'hSet a creds 1']);
  });

  it('wait for a deletion of all that takes its time', async () => {
    await waiting.removeAll('a');
    await waiting.put('a', 'creds', '1');
    redis.before = async (call) => {
      if (call === 'delete a') await new Promise((resolve) => setImmediate(resolve));
    };
    await waiting.drain(redis);
    expect(redis.calls).toEqual(['delete a', 'hSet a creds 1']);
  });

  it('are written again with the same values where the process was killed before it removed their files', async () => {
    await waiting.removeAll('a');
    await waiting.put('a', 'creds', '1');
    let restarted: WaitingCredentials | undefined;
    redis.before = (call) => {
      if (call.startsWith('hSet')) restarted ??= open();
    };
    await waiting.drain(redis);
    await restarted?.drain(redis);
    expect(redis.contents).toEqual({ a: { creds: '1' } });
    expect(redis.calls).toEqual(['delete a', 'hSet a creds 1', 'delete a', 'hSet a creds 1']);
  });

  it('are written once where that is asked for twice at a time', async () => {
    await waiting.put('a', 'creds', '1');
    await Promise.all([waiting.drain(redis), waiting.drain(redis)]);
    expect(redis.calls).toEqual(['hSet a creds 1']);
  });

  it('of an instance that writes all the time do not keep another one waiting', async () => {
    await waiting.put('busy', 'creds', '0');
    await waiting.put('quiet', 'creds', '0');
    let count = 0;
    redis.before = (call) => {
      if (call.includes('busy') && waiting.isWaiting('quiet')) void waiting.put('busy', 'creds', `${(count += 1)}`);
      if (count > 5_000) throw new Error('the other one never came');
    };
    await waiting.drain(redis);
    expect(redis.contents).toEqual({ busy: { creds: `${count}` }, quiet: { creds: '0' } });
  });

  it('may be two thousand, and are back within half a minute on a busy disk', async () => {
    const names = Array.from({ length: 2_000 }, (_, index) => `session-${index}`);
    const value = 'x'.repeat(2_000);
    const start = performance.now();
    await Promise.all(names.map((name) => waiting.put('a', name, value)));
    const reopened = open();
    redis.before = () => new Promise((resolve) => setImmediate(resolve));
    await reopened.drain(redis);
    expect([Object.keys(redis.contents.a ?? {}).length, folders()]).toEqual([2_000, []]);
    expect(performance.now() - start).toBeLessThan(30_000);
  });
});
