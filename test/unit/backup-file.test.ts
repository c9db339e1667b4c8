import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withBackup, writeBackup, type BackupPart } from '../../src/backup/backup-file';
import { backupName, stampOf } from '../../src/backup/backup-name';

const FACTS = {
  madeAt: '2026-01-31T03:00:00.000Z',
  madeBy: '0.1.0',
  database: 'postgresql' as const,
  clientName: 'test',
  isScheduled: false,
  instances: ['shop', 'desk', 'door'].map((name) => ({ id: `i-${name}`, name })),
};
const PARTS: BackupPart[] = FACTS.instances.map(({ id }, at) => ({
  tables: [{ table: 'Instance', rows: [{ id, token: null }] }],
  credentials: at === 0 ? null : { creds: '{}', keys: { 'pre-key-1': '{"a":"😀"}' } },
}));

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backup-file-'));
  file = join(folder, 'one');
});

afterEach(() => rm(folder, { recursive: true }));

const each = async function* (parts: readonly BackupPart[]) {
  await Promise.resolve();
  yield* parts;
};
const write = (key: Buffer | undefined) => writeBackup(file, FACTS, key, each(PARTS));

const read = (key: Buffer | undefined) =>
  withBackup(file, async ({ header, parts }) => {
    const found: BackupPart[] = [];
    for await (const part of parts(key)) found.push(part);
    return { header, parts: found };
  });

describe.each([
  ['encrypted', randomBytes(32)],
  ['plain', undefined],
])('a backup, %s,', (kind, key) => {
  beforeEach(() => write(key));

  it('has its header in front, to be read without a key, and all parts in their order', async () => {
    const { header, parts } = await read(key);
    expect(header).toMatchObject({ ...FACTS, version: 1, isEncrypted: kind === 'encrypted' });
    expect(parts).toEqual(PARTS);
    expect(JSON.parse((await readFile(file, 'utf8')).split('\n')[0] ?? '')).toMatchObject(FACTS);
  });

  it('is refused with any byte of it changed', async () => {
    const whole = await readFile(file);
    for (let at = 0; at < whole.length; at += 1) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await writeFile(file, changed);
      const code = expect.stringMatching(/^GUARD_(BACKUP_FOREIGN|SEAL_FOREIGN|SEAL_KEY)$/) as unknown;
      await expect(read(key)).rejects.toMatchObject({ code });
    }
  });

  it('is refused cut off anywhere, and with something behind it', async () => {
    const whole = await readFile(file);
    for (const end of [0, 1, 100, whole.indexOf('\n'), whole.indexOf('\n') + 1, whole.length - 40, whole.length - 1]) {
      await writeFile(file, whole.subarray(0, end));
      await expect(read(key)).rejects.toMatchObject({ code: 'GUARD_BACKUP_FOREIGN' });
    }
    await writeFile(file, Buffer.concat([whole, whole.subarray(-60)]));
    await expect(read(key)).rejects.toMatchObject({ code: 'GUARD_BACKUP_FOREIGN' });
  });

  it('takes no part out of another backup', async () => {
    const { header, parts } = await read(key);
    expect(parts.length).toBe(header.instances.length);
    const mine = await readFile(file);
    const other = join(folder, 'other');
    await writeBackup(other, { ...FACTS, madeAt: '2026-01-31T04:00:00.000Z' }, key, each(PARTS));
    const theirs = await readFile(other);
    const [mineFrom, theirsFrom] = [mine.indexOf('\n') + 1, theirs.indexOf('\n') + 1];
    await writeFile(file, Buffer.concat([mine.subarray(0, mineFrom), theirs.subarray(theirsFrom)]));
    await expect(read(key)).rejects.toMatchObject({ code: 'GUARD_SEAL_FOREIGN' });
  });
});

describe('a backup', () => {
  it('has its parts in one order', async () => {
    const empty = { tables: [], credentials: null };
    await writeBackup(file, { ...FACTS, instances: FACTS.instances.slice(1) }, undefined, each([empty, empty]));
    const whole = await readFile(file);
    const from = whole.indexOf('\n') + 1;
    const half = from + (whole.length - from) / 2;
    await writeFile(file, Buffer.concat([whole.subarray(0, from), whole.subarray(half), whole.subarray(from, half)]));
    await expect(read(undefined)).rejects.toMatchObject({ code: 'GUARD_SEAL_FOREIGN' });
  });

  it('asks for the key that it was made with', async () => {
    await write(randomBytes(32));
    await expect(read(undefined)).rejects.toMatchObject({ code: 'GUARD_SEAL_KEY' });
    await expect(read(randomBytes(32))).rejects.toMatchObject({ code: 'GUARD_SEAL_FOREIGN' });
  });

  it.each([
    ['of a later format', { version: 2 }, /format is 2/],
    ['of something else', { format: 'tape' }, /does not begin/],
    ['with an id that leads elsewhere', { instances: [{ id: '../../etc', name: 'x' }] }, /header is damaged/],
  ])('%s is refused by its header', async (_what, change, reason) => {
    await write(undefined);
    const whole = await readFile(file);
    const end = whole.indexOf('\n');
    const header = { ...(JSON.parse(whole.subarray(0, end).toString()) as object), ...change };
    await writeFile(file, Buffer.concat([Buffer.from(JSON.stringify(header)), whole.subarray(end)]));
    const refusal = { code: 'GUARD_BACKUP_FOREIGN', detail: expect.stringMatching(reason) as unknown };
    await expect(read(undefined)).rejects.toMatchObject(refusal);
  });

  it('is never written over another file', async () => {
    await write(undefined);
    await expect(write(undefined)).rejects.toMatchObject({ code: 'EEXIST' });
  });

  it('has the names of ten thousand instances in its header', async () => {
    const instances = Array.from({ length: 10_000 }, (_, at) => ({ id: `i-${at}`, name: `shop number ${at}` }));
    const parts = instances.map(() => ({ tables: [], credentials: null }));
    await writeBackup(file, { ...FACTS, instances }, undefined, each(parts));
    const found = await withBackup(file, ({ header }) => Promise.resolve(header.instances));
    expect(found).toEqual(instances);
  });
});

describe('the name of a backup', () => {
  it('has the installation and the second', () => {
    expect(backupName('evolution', Date.UTC(2026, 0, 31, 3, 4, 5, 678))).toBe(
      'evolution-guard-evolution-20260131T030405Z.backup',
    );
    expect(stampOf('evolution-guard-evolution-20260131T030405Z.backup')).toBe('20260131T030405Z');
  });

  it('is a name of a file whatever the installation is called, and another for each', () => {
    const names = ['a/b', 'a b', 'a_b', '../a', "a'(b)*", 'ä'].map((each) => backupName(each, 0));
    expect(names.every((name) => /^[\w.%-]+$/.test(name) && stampOf(name) !== undefined)).toBe(true);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(['evolution-guard-x.backup', 'x-20260131T030405Z.backup', '.evolution-guard-x-20260131T030405Z.backup.part'])(
    'is not %s',
    (name) => expect(stampOf(name)).toBeUndefined(),
  );
});
