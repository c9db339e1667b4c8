import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startS3, type S3StandIn } from '../helpers/s3-stand-in';
import { DATABASES } from '../helpers/test-store';
import { createTestHost, type TestHost } from './backup-rig';

const ROOT = join(__dirname, '../..');
const KEY = Buffer.alloc(32, 7).toString('base64');

interface Run {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs the whole program as an operator does. */
function evolutionGuard(args: string[], environment: Record<string, string> = {}): Promise<Run> {
  const command = ['--import', 'tsx', join(ROOT, 'src/cli/main.ts'), 'backup', ...args];
  const options = { cwd: ROOT, encoding: 'utf8' as const, env: { ...process.env, ...environment } };
  return new Promise((resolve) => {
    execFile(process.execPath, command, options, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

const answer = ({ stdout }: Run) => JSON.parse(stdout) as Record<string, unknown>;

describe.each(DATABASES)('evolution-guard backup, on $kind,', ({ create }) => {
  let from: TestHost;
  let to: TestHost;
  let s3: S3StandIn;

  const settle = ({ url, dir }: TestHost, ...lines: string[]) =>
    writeFileSync(
      join(dir, '.env'),
      [
        `DATABASE_CONNECTION_URI=${url}`,
        'DATABASE_CONNECTION_CLIENT_NAME=test',
        'DATABASE_SAVE_DATA_INSTANCE=true',
        `GUARD_BACKUP_TARGET=${join(from.dir, 'backups')}`,
        ...lines,
        '',
      ].join('\n'),
    );

  beforeAll(async () => {
    [from, to] = [await createTestHost(await create()), await createTestHost(await create())];
    s3 = await startS3('store');
    await from.fill('shop', 'desk');
  });

  afterAll(async () => {
    await s3.stop();
    await to.stop();
    await from.stop();
  });

  it('makes a backup, lists it, shows what it would bring, and brings it', async () => {
    for (const host of [from, to]) settle(host, `GUARD_ARCHIVE_KEY=${KEY}`);
    const created = await evolutionGuard(['create', from.dir]);
    const [name = ''] = created.stdout.split('\n');
    expect(created).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('shop: 5 rows, credentials') as unknown,
    });
    expect(created.stdout).toMatch(
      /^evolution-guard-test-\d{8}T\d{6}Z\.backup\n2 instances, 2 of them with credentials, /,
    );

    const list = await evolutionGuard(['list', to.dir]);
    expect(list.stdout).toMatch(
      new RegExp(`^name +made +instances +size +kind\n${name} +20\\S+Z +2 +\\S+ kB +by hand, encrypted\n$`),
    );

    const before = await to.content();
    const dry = await evolutionGuard(['restore', to.dir, name, '--instance', 'shop', '--dry-run']);
    expect([dry.status, dry.stdout]).toEqual([
      0,
      expect.stringMatching(/^Would be [^]*shop +i-shop +5 rows +credentials\nNothing/),
    ]);
    expect(await to.content()).toEqual(before);

    const restored = await evolutionGuard(['restore', to.dir, name, '--json']);
    expect(restored.status).toBe(0);
    expect(answer(restored)).toMatchObject({
      ok: true,
      backup: name,
      dryRun: false,
      leftOut: [],
      instances: [{ id: 'i-desk' }, {}],
    });
    expect(await to.content()).toEqual(await from.content());

    const again = await evolutionGuard(['restore', to.dir, name, '--json']);
    expect([again.status, answer(again)['error']]).toMatchObject([1, { code: 'GUARD_BACKUP_OCCUPIED' }]);
    const credentials = await evolutionGuard(['restore', to.dir, name, '--credentials-only', '--instance', 'desk']);
    expect(credentials).toMatchObject({ status: 0, stderr: 'desk: credentials are there\n' });
  });

  it('uses a bucket', async () => {
    settle(from);
    const bucket = {
      GUARD_BACKUP_TARGET: 's3://store/evolution',
      GUARD_BACKUP_S3_ENDPOINT: s3.url,
      AWS_ACCESS_KEY_ID: 'KEY',
      AWS_SECRET_ACCESS_KEY: 'secret',
    };
    const created = await evolutionGuard(['create', from.dir, '--json'], bucket);
    expect(answer(created)).toMatchObject({ ok: true, place: 's3://store/evolution/', backup: { isEncrypted: false } });
    expect(created.stderr).toMatch(/not encrypted/);
    const { name } = answer(created)['backup'] as { name: string };
    expect([...s3.objects.keys()]).toEqual([`evolution/${name}`]);
    s3.objects.set(`evolution/${name.replace('test', 'damaged')}`, Buffer.from('not a backup'));
    const list = answer(await evolutionGuard(['list', from.dir, '--json'], bucket));
    expect(list['backups']).toMatchObject([
      { reason: expect.stringMatching(/does not begin/) as unknown },
      { name, header: {} },
    ]);
  });

  it('makes one without credentials where it must, and says so', async () => {
    settle(from, 'PROVIDER_ENABLED=true');
    const created = await evolutionGuard(['create', from.dir]);
    expect(created.stdout).toMatch(/2 instances, 0 of them with credentials/);
    expect(created.stderr).toMatch(/^Without credentials: PROVIDER_ENABLED/);
  });

  it('makes one of a single instance, and refuses one that is not there', async () => {
    settle(from, `GUARD_BACKUP_TARGET=${join(from.dir, 'single')}`);
    const created = answer(await evolutionGuard(['create', from.dir, '--instance', 'desk', '--json']));
    expect(created['backup']).toMatchObject({ instances: ['desk'] });
    const refused = await evolutionGuard(['create', from.dir, '--instance', 'nobody', '--json']);
    expect([refused.status, answer(refused)['error']]).toMatchObject([1, { code: 'GUARD_INSTANCE_UNKNOWN' }]);
  });

  it('refuses with a code and changes nothing', async () => {
    settle(from);
    const codeOf = async (args: string[], environment = {}) => {
      const run = await evolutionGuard([...args, '--json'], environment);
      return [run.status, (answer(run)['error'] as { code?: string }).code];
    };
    expect(await codeOf(['restore', from.dir, 'nothing.backup'])).toEqual([1, 'GUARD_BACKUP_UNKNOWN']);
    expect(await codeOf(['list', from.dir], { GUARD_BACKUP_TARGET: 's3://store' })).toEqual([1, 'GUARD_BACKUP_TARGET']);
    expect(await codeOf(['create', join(from.dir, 'none')])).toEqual([1, 'GUARD_HOST_NOT_FOUND']);
    const away = {
      DATABASE_CONNECTION_URI: from.url.replace(/@[^/]+/, '@127.0.0.1:1').replace(/\/\/[^@/]+\//, '//127.0.0.1:1/'),
    };
    expect(await codeOf(['create', from.dir], away)).toEqual([1, 'GUARD_DATABASE_UNREACHABLE']);
    rmSync(join(from.dir, '.env'));
    expect(await codeOf(['create', from.dir])).toEqual([1, 'GUARD_BACKUP_TARGET']);
  });
});

describe('the help of evolution-guard backup', () => {
  it.each([[[]], [['create']], [['list']], [['restore']]])('%j has examples', async (command) => {
    const { status, stdout } = await evolutionGuard([...command, '--help']);
    expect([status, stdout]).toEqual([
      0,
      expect.stringContaining(`$ evolution-guard backup ${command[0] ?? 'create'}`),
    ]);
  });

  it('tells by its exit code of a usage that is wrong', async () => {
    expect((await evolutionGuard(['restore'])).status).toBe(2);
  });
});
