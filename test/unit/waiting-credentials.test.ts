import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WaitingCredentials } from '../../src/cache/waiting/waiting-credentials';
import { GuardError } from '../../src/core/errors';
import { fakeRedis } from '../helpers/fake-credential-writes';
import { recordingLog, type RecordingLog } from '../helpers/recording-log';

let instancesDir: string;
let root: string;
let log: RecordingLog;
let time: number;
let waiting: WaitingCredentials;

const open = () => new WaitingCredentials({ instancesDir, clock: { now: () => time }, log });
const codes = () => log.lines.map(({ level, fields }) => fields.code ?? level);
const away = new GuardError('GUARD_CACHE_AWAY', 'It is a test.');

beforeEach(() => {
  instancesDir = mkdtempSync(join(tmpdir(), 'waiting-'));
  root = join(instancesDir, 'evolution-guard-waiting');
  log = recordingLog();
  time = 1_000;
  waiting = open();
});
afterEach(() => rmSync(instancesDir, { recursive: true }));

describe('credentials that wait', () => {
  it('are answered at once, and what does not wait is left to Redis', async () => {
    const written = Promise.all([waiting.put('a', 'creds', '{"n":1}'), waiting.put('a', 'pre-key-1', null)]);
    expect(waiting.get('a', 'creds')).toEqual({ value: '{"n":1}' });
    expect(waiting.get('a', 'pre-key-1')).toEqual({ value: null });
    expect(waiting.get('a', 'pre-key-2')).toBeUndefined();
    expect(waiting.get('b', 'creds')).toBeUndefined();
    expect([waiting.isWaiting('a'), waiting.isWaiting('b')]).toEqual([true, false]);
    await written;
  });

  it('outlive the process, the latest value of each field, in the order in which they came', async () => {
    await waiting.put('a', 'creds', '1');
    await waiting.put('a', 'pre-key-1', '"p"');
    await Promise.all([waiting.put('a', 'creds', '2'), waiting.put('a', 'creds', '3')]);
    waiting = open();
    expect(waiting.size()).toMatchObject({ instances: 1, writes: 2, unsaved: 0 });
    const redis = fakeRedis();
    await waiting.drain(redis);
    expect(redis.calls).toEqual(['hSet a pre-key-1 "p"', 'hSet a creds 3']);
  });

  it('are newer than those of an earlier process when they come after a restart', async () => {
    await waiting.put('a', 'creds', 'old');
    await waiting.removeAll('a');
    await open().put('a', 'creds', 'new');
    expect(open().get('a', 'creds')).toEqual({ value: 'new' });
  });

  it('end with a deletion of all of the instance, over a restart as well', async () => {
    await waiting.put('a', 'creds', 'old');
    await waiting.put('a', 'pre-key-1', 'old');
    await waiting.removeAll('a');
    await waiting.put('a', 'creds', 'new');
    for (const each of [waiting, open()]) {
      expect(each.get('a', 'creds')).toEqual({ value: 'new' });
      expect(each.get('a', 'pre-key-1')).toEqual({ value: null });
      expect(each.get('a', 'never-there')).toEqual({ value: null });
    }
    const redis = fakeRedis({ a: { creds: 'older', 'pre-key-1': 'older', other: 'older' } });
    await open().drain(redis);
    expect(redis.contents).toEqual({ a: { creds: 'new' } });
  });

  it('are nobody’s to read but those of the host’s user', async () => {
    await waiting.put('a', 'creds', '1');
    const [folder = ''] = readdirSync(root);
    const [file = ''] = readdirSync(join(root, folder));
    const modes = [root, join(root, folder), join(root, folder, file)].map((path) => statSync(path).mode & 0o777);
    expect(modes).toEqual([0o700, 0o700, 0o600]);
  });

  it('may have any names', async () => {
    const names = ['../../up', '..', '.', '', 'a/b:c', 'ß😀\u0000', 'k'.repeat(300), 'K'.repeat(300), 'all', 'x.draft'];
    await Promise.all(names.flatMap((id) => names.map((field) => waiting.put(id, field, `${id} ${field}`))));
    expect(readdirSync(instancesDir)).toEqual(['evolution-guard-waiting']);
    const reopened = open();
    for (const id of names) {
      for (const field of names) expect(reopened.get(id, field)).toEqual({ value: `${id} ${field}` });
    }
  });

  it('are counted, with the age of the oldest', async () => {
    expect(waiting.size()).toEqual({ instances: 0, writes: 0, unsaved: 0, oldestAt: undefined });
    await waiting.put('a', 'creds', '1');
    time = 2_000;
    await waiting.removeAll('b');
    await waiting.put('b', 'creds', '1');
    expect(waiting.size()).toEqual({ instances: 2, writes: 3, unsaved: 0, oldestAt: 1_000 });
  });

  it('are told of once for each time that Redis is away, and at a start that finds them', async () => {
    await waiting.put('a', 'creds', '1');
    await waiting.put('b', 'creds', '1');
    waiting = open();
    await waiting.drain(fakeRedis());
    await waiting.put('a', 'creds', '2');
    const again = 'GUARD_CREDENTIALS_WAITING';
    expect(codes()).toEqual([again, again, 'info', again]);
  });
});

describe('credentials on a disk that fails', () => {
  it('stay in memory, which is told once, and reach the disk with the next occasion', async () => {
    writeFileSync(root, '');
    await waiting.put('a', 'creds', '1');
    await waiting.put('a', 'pre-key-1', '1');
    expect(waiting.get('a', 'creds')).toEqual({ value: '1' });
    expect(waiting.size()).toMatchObject({ writes: 2, unsaved: 2 });
    rmSync(root);
    await waiting.put('b', 'creds', '1');
    expect(waiting.size().unsaved).toBe(0);
    expect(open().size()).toMatchObject({ instances: 2, writes: 3 });
    expect(codes().filter((code) => code === 'GUARD_CREDENTIALS_UNSAVED')).toHaveLength(1);
  });

  it('are written to Redis all the same', async () => {
    writeFileSync(root, '');
    await waiting.put('a', 'creds', '1');
    rmSync(root);
    const redis = fakeRedis();
    await waiting.drain(redis);
    expect([redis.contents, waiting.isWaiting('a')]).toEqual([{ a: { creds: '1' } }, false]);
    writeFileSync(root, '');
    await waiting.put('a', 'creds', '2');
    expect(codes().filter((code) => code === 'GUARD_CREDENTIALS_UNSAVED')).toHaveLength(2);
  });

  it('are tried there again when Redis is away once more', async () => {
    writeFileSync(root, '');
    await waiting.put('a', 'creds', '1');
    rmSync(root);
    await expect(waiting.drain({ ...fakeRedis(), hSet: () => Promise.reject(away) })).rejects.toBe(away);
    expect(waiting.size()).toMatchObject({ writes: 1, unsaved: 0 });
  });

  it('one instance whose folder is unusable does not keep the others from it', async () => {
    await waiting.put('a', 'creds', '1');
    const [folder = ''] = readdirSync(root);
    rmSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, folder), '');
    await Promise.all([waiting.put('a', 'creds', '2'), waiting.put('b', 'creds', '1')]);
    expect(waiting.size()).toMatchObject({ writes: 2, unsaved: 1 });
  });

  it('one file that cannot be written leaves the others of its instance there', async () => {
    await waiting.put('a', 'creds', '1');
    const [folder = ''] = readdirSync(root);
    const [file = ''] = readdirSync(join(root, folder));
    rmSync(join(root, folder, file));
    mkdirSync(join(root, folder, file));
    await Promise.all([waiting.put('a', 'creds', '2'), waiting.put('a', 'pre-key-1', '1')]);
    expect(waiting.size()).toMatchObject({ writes: 2, unsaved: 2 });
    expect(open().get('a', 'pre-key-1')).toEqual({ value: '1' });
    rmSync(join(root, folder, file), { recursive: true });
    await waiting.save();
    expect([waiting.size().unsaved, open().get('a', 'creds')]).toEqual([0, { value: '2' }]);
  });

  it('go on being answered until their files are gone, and are not written twice', async () => {
    await waiting.put('a', 'creds', '1');
    renameSync(root, `${root}-aside`);
    writeFileSync(root, '');
    const redis = fakeRedis();
    await expect(waiting.drain(redis)).rejects.toMatchObject({ code: 'GUARD_CREDENTIALS_PLACE' });
    expect([waiting.isWaiting('a'), waiting.get('a', 'creds')]).toEqual([true, { value: '1' }]);
    rmSync(root);
    renameSync(`${root}-aside`, root);
    await waiting.drain(redis);
    expect([waiting.isWaiting('a'), redis.calls, readdirSync(root)]).toEqual([false, ['hSet a creds 1'], []]);
  });
});

describe('what a crash leaves of credentials that wait', () => {
  it('half-written files and half-removed folders are removed', async () => {
    await waiting.put('a', 'creds', '1');
    await waiting.put('b', 'creds', '1');
    const [one = '', other = ''] = readdirSync(root);
    writeFileSync(join(root, one, 'x.draft'), '{"insta');
    renameSync(join(root, other), join(root, `${other}.ended`));
    expect(open().size()).toMatchObject({ instances: 1, writes: 1 });
    expect([readdirSync(root), readdirSync(join(root, one))]).toEqual([[one], [expect.any(String)]]);
  });

  it('a folder without a whole file is removed', async () => {
    await waiting.put('a', 'creds', '1');
    const [folder = ''] = readdirSync(root);
    const [file = ''] = readdirSync(join(root, folder));
    renameSync(join(root, folder, file), join(root, folder, `${file}.draft`));
    expect([open().isWaiting('a'), readdirSync(root)]).toEqual([false, []]);
  });

  it('a damaged file is told with its path, and harms no other', async () => {
    await waiting.put('a', 'creds', '1');
    const [folder = ''] = readdirSync(root);
    writeFileSync(join(root, folder, 'rubbish'), 'no JSON');
    writeFileSync(join(root, folder, 'other'), '{}');
    expect(open().get('a', 'creds')).toEqual({ value: '1' });
    const told = log.lines.filter(({ fields }) => fields.code === 'GUARD_CREDENTIALS_PLACE');
    expect(told.map(({ message }) => /\/(rubbish|other)/.exec(message)?.[1]).sort()).toEqual(['other', 'rubbish']);
  });
});
