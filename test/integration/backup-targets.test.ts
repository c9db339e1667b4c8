import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backupName } from '../../src/backup/backup-name';
import { openTarget } from '../../src/backup/targets/open';
import type { BackupTarget } from '../../src/backup/targets/target';
import { startS3, type S3StandIn } from '../helpers/s3-stand-in';

const NAMES = ['plain', 'with ümlaut/&', 'evolution', 'ü', 'z'].map((each, at) => backupName(each, at * 1_000));
const KEYS = { AWS_ACCESS_KEY_ID: 'KEY', AWS_SECRET_ACCESS_KEY: 'secret' };
const unknown = { code: 'GUARD_BACKUP_UNKNOWN' };
const unusable = { code: 'GUARD_BACKUP_TARGET' };

let root: string;
let s3: S3StandIn;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'backup-targets-'));
  s3 = await startS3('my bucket');
});

afterEach(async () => {
  await s3.stop();
  await rm(root, { recursive: true });
});

const bucket = (environment: Record<string, string> = KEYS, target = 's3://my bucket/a b/') =>
  openTarget({ backupTarget: target, backupS3Endpoint: `${s3.url}/` }, environment, root);
const folder = () => openTarget({ backupTarget: 'the/backups', backupS3Endpoint: undefined }, {}, root);

async function store(target: BackupTarget, name: string, text: string): Promise<void> {
  const draft = await target.draft(name);
  await writeFile(draft, text, { flag: 'wx' });
  try {
    await target.put(name, draft);
  } finally {
    await rm(draft, { force: true });
  }
}

describe.each([
  ['a folder', folder],
  ['a bucket', bucket],
])('backups in %s', (_kind, open) => {
  it('are stored, listed page by page, read and deleted by name', async () => {
    const target = open();
    expect(await target.list()).toEqual([]);
    for (const name of NAMES) await store(target, name, `text of ${name}`);
    const listed = (await target.list()).sort((a, b) => NAMES.indexOf(a.name) - NAMES.indexOf(b.name));
    expect(listed).toEqual(NAMES.map((name) => ({ name, bytes: `text of ${name}`.length })));
    for (const name of NAMES) {
      expect((await target.head(name, 4)).toString()).toBe('text');
      expect((await target.head(name, 1_000)).toString()).toBe(`text of ${name}`);
      expect(await target.withFile(name, (file) => readFile(file, 'utf8'))).toBe(`text of ${name}`);
      await target.remove(name);
    }
    expect(await target.list()).toEqual([]);
  });

  it('of a name that is there take its place', async () => {
    const target = open();
    for (const text of ['one', 'another']) await store(target, NAMES[0] ?? '', text);
    expect((await target.head(NAMES[0] ?? '', 100)).toString()).toBe('another');
  });

  it('that are not there are told from a place that cannot be used', async () => {
    const target = open();
    const use = () => Promise.resolve();
    await expect(target.head(NAMES[0] ?? '', 10)).rejects.toMatchObject(unknown);
    await expect(target.withFile(NAMES[0] ?? '', use)).rejects.toMatchObject(unknown);
    await target.remove(NAMES[0] ?? '');
  });

  it('leave no drafts behind, and pass on what their reader fails with', async () => {
    const target = open();
    await store(target, NAMES[0] ?? '', 'text');
    const files: string[] = [];
    const fail = (file: string) => {
      files.push(file);
      return Promise.reject(new Error('reader'));
    };
    await expect(target.withFile(NAMES[0] ?? '', fail)).rejects.toThrow('reader');
    const left = files.filter((file) => file.endsWith('.part') && existsSync(file));
    expect([left, (await target.list()).length]).toEqual([[], 1]);
  });
});

describe('a folder for backups', () => {
  it('may have other files in it, which are neither listed nor given out', async () => {
    const target = folder();
    await store(target, NAMES[0] ?? '', 'text');
    await writeFile(join(root, 'the/backups/notes.txt'), 'x');
    expect((await target.list()).length).toBe(1);
    await expect(target.head('notes.txt', 10)).rejects.toMatchObject(unknown);
    await expect(target.head('../backups/notes.txt', 10)).rejects.toMatchObject(unknown);
  });

  it('is cleared of drafts that a dead process left, and of no younger ones', async () => {
    const target = folder();
    const [old, young] = [await target.draft(NAMES[0] ?? ''), await target.draft(NAMES[0] ?? '')];
    for (const draft of [old, young]) await writeFile(draft, 'x');
    const yesterday = Date.now() / 1000 - 25 * 3_600;
    await utimes(old, yesterday, yesterday);
    await target.draft(NAMES[1] ?? '');
    expect(await readdir(join(root, 'the/backups'))).toEqual([young.split('/').pop()]);
  });

  it('that cannot be used is told of', async () => {
    await mkdir(join(root, 'the'));
    await writeFile(join(root, 'the/backups'), 'a file');
    await expect(folder().list()).rejects.toMatchObject(unusable);
    await expect(folder().draft(NAMES[0] ?? '')).rejects.toMatchObject(unusable);
  });
});

describe('a bucket for backups', () => {
  it('is asked by path, under the prefix alone', async () => {
    s3.objects.set('elsewhere', Buffer.from('x'));
    s3.objects.set(`a b/deeper/${NAMES[0]}`, Buffer.from('x'));
    s3.objects.set(`a b/notes & more`, Buffer.from('x'));
    const target = bucket();
    await store(target, NAMES[1] ?? '', 'text');
    expect((await target.list()).map(({ name }) => name)).toEqual([NAMES[1]]);
    expect([...s3.objects.keys()]).toContain(`a b/${NAMES[1]}`);
    expect(s3.requests[0]).toBe(`PUT /my bucket/a b/${NAMES[1]}`);
  });

  it('may be used whole', async () => {
    const target = bucket(KEYS, 's3://my bucket');
    await store(target, NAMES[0] ?? '', 'text');
    expect([[...s3.objects.keys()], (await target.list()).length]).toEqual([[NAMES[0]], 1]);
  });

  it.each([
    ['with another key', { ...KEYS, AWS_ACCESS_KEY_ID: 'OTHER' }],
    ['for another region', { ...KEYS, AWS_REGION: 'eu-west-1' }],
  ])('that refuses requests %s is told of, with its word for it', async (_what, environment) => {
    const refusal = { ...unusable, detail: expect.stringContaining('403 AccessDenied') as unknown };
    const target = bucket(environment);
    await expect(target.list()).rejects.toMatchObject(refusal);
    await expect(store(target, NAMES[0] ?? '', 'x')).rejects.toMatchObject(refusal);
  });

  it('that is not there, or fails, is told of', async () => {
    await expect(bucket(KEYS, 's3://none').head(NAMES[0] ?? '', 1)).rejects.toMatchObject(unusable);
    s3.refusals.push({ status: 503, code: 'SlowDown' });
    await expect(bucket().list()).rejects.toMatchObject(unusable);
    await s3.stop();
    await expect(bucket().list()).rejects.toMatchObject(unusable);
    s3 = await startS3('my bucket');
  });
});

describe('GUARD_BACKUP_TARGET', () => {
  it.each([
    ['absent', undefined, KEYS, /not set/],
    ['of another kind', 'ftp://x/y', KEYS, /neither a folder nor/],
    ['a bucket without keys', 's3://bucket', {}, /AWS_ACCESS_KEY_ID/],
  ])('%s is refused', (_what, backupTarget, environment, reason) => {
    expect(() => openTarget({ backupTarget, backupS3Endpoint: undefined }, environment, root)).toThrow(reason);
  });

  it('means a folder of the host unless it is absolute', () => {
    const at = (backupTarget: string) => openTarget({ backupTarget, backupS3Endpoint: undefined }, {}, '/host').place;
    expect([at('backups'), at('/mnt/backups')]).toEqual(['/host/backups', '/mnt/backups']);
  });
});
