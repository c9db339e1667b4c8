import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Redis from 'ioredis';
import { checkCache } from '../../src/cli/doctor-cache';
import { readSettings } from '../../src/core/settings';
import { createDatabase, sharedRedis, startRedis, type RunningService } from '../helpers/services';
import { until } from '../helpers/until';
import { CLIENT, credsOf, openCacheAuditRig, SECRET, type CacheAuditRig } from './cache-audit-rig';

const ROOT = join(__dirname, '../..');

interface Run {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs the whole program as an operator does. */
function evolutionGuard(args: string[], environment: Record<string, string> = {}): Promise<Run> {
  const command = ['--import', 'tsx', join(ROOT, 'src/cli/main.ts'), 'cache', ...args];
  const options = { cwd: ROOT, encoding: 'utf8' as const, env: { ...process.env, ...environment } };
  return new Promise((resolve) => {
    execFile(process.execPath, command, options, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

const answer = ({ stdout }: Run) => JSON.parse(stdout) as Record<string, unknown>;

describe('evolution-guard cache audit', () => {
  let rig: CacheAuditRig;
  let dir: string;

  beforeAll(async () => {
    const [databaseUrl, redisUrl] = [await createDatabase(), await sharedRedis()];
    rig = await openCacheAuditRig(databaseUrl, redisUrl);
    dir = mkdtempSync(join(tmpdir(), 'cache-cli-'));
    const lines = [
      `DATABASE_CONNECTION_URI=${databaseUrl}`,
      `DATABASE_CONNECTION_CLIENT_NAME=${CLIENT}`,
      'DATABASE_SAVE_DATA_INSTANCE=true',
      'CACHE_REDIS_ENABLED=true',
      `CACHE_REDIS_URI=${redisUrl}`,
      `CACHE_REDIS_PREFIX_KEY=${rig.prefix}`,
      'CACHE_REDIS_TTL=900',
    ];
    writeFileSync(join(dir, '.env'), lines.join('\n'));
    await rig.addInstance({ id: 'shop', number: '55', creds: credsOf('55') });
  });

  beforeEach(() => rig.addHash('shop', { 'pre-key-1': '"x"' }));

  afterAll(async () => {
    await rig.stop();
    rmSync(dir, { recursive: true });
  });

  it('agrees, with exit code 0', async () => {
    const { status, stdout } = await evolutionGuard(['audit', dir]);
    expect([status, stdout]).toEqual([
      0,
      'Looked at 1 instances and the keys of the cache: 1 instance, 0 baileys, 0 groups, 0 chatwoot, 0 other.\n' +
        'The cache and the database agree.\n',
    ]);
  });

  it('tells what it found and changes nothing, then repairs it', async () => {
    await rig.addHash('gone', { creds: credsOf('55') }, 3);
    await rig.redis.set(rig.key('groups', '1@g.us'), '{}');
    const before = await rig.content();
    const dry = await evolutionGuard(['audit', dir]);
    expect([dry.status, await rig.content()]).toEqual([1, before]);
    const gone = `orphan  to delete  ${rig.key('instance', 'gone')}  No instance has this id. Last used 3 days ago.`;
    expect(dry.stdout.replaceAll(/  +/g, '  ')).toContain(gone);
    expect(dry.stdout).toMatch(/1 orphan, 1 stale, 0 missing\. Nothing was changed; --fix repairs what is marked\.\n$/);

    const fixed = await evolutionGuard(['audit', dir, '--fix']);
    expect([fixed.status, fixed.stdout]).toEqual([0, expect.stringMatching(/: 2 repaired, 0 left\.\n$/)]);
    expect(await rig.redis.ttl(rig.key('groups', '1@g.us'))).toBeGreaterThan(890);
  });

  it('tells programs, and has exit code 1 while something is left', async () => {
    await rig.addHash('busy', { creds: credsOf('55') });
    const run = await evolutionGuard(['audit', dir, '--fix', '--json']);
    expect([run.status, answer(run)]).toMatchObject([
      1,
      {
        ok: true,
        healthy: false,
        left: 1,
        repaired: 0,
        instances: 1,
        found: { orphan: 1, stale: 0, missing: 0 },
        findings: [{ kind: 'orphan', cause: 'no-instance', key: rig.key('instance', 'busy'), isRepaired: false }],
      },
    ]);
    expect(run.stdout).not.toContain(SECRET);
    await rig.redis.del(rig.key('instance', 'busy'));
  });

  it('refuses with a code where there is nothing to compare', async () => {
    const codeOf = async (environment: Record<string, string>) => {
      const run = await evolutionGuard(['audit', dir, '--json'], environment);
      return [run.status, (answer(run)['error'] as { code?: string }).code];
    };
    expect(await codeOf({ CACHE_REDIS_ENABLED: 'false' })).toEqual([1, 'GUARD_SETTINGS_INVALID']);
    expect(await codeOf({ CACHE_REDIS_URI: ' ' })).toEqual([1, 'GUARD_SETTINGS_INVALID']);
    expect(await codeOf({ CACHE_REDIS_URI: 'redis://127.0.0.1:1' })).toEqual([1, 'GUARD_CACHE_AWAY']);
    expect((await evolutionGuard(['audit', join(dir, 'none')])).status).toBe(1);
  });
});

describe('the state of the Redis of a cache', () => {
  let primary: RunningService;
  let replica: RunningService;
  let client: Redis;
  let dir: string;

  beforeAll(async () => {
    [primary, replica] = [await startRedis({ private: true }), await startRedis({ private: true })];
    client = new Redis(primary.url);
    await client.config('SET', 'repl-diskless-sync-delay', '0');
    const follower = new Redis(replica.url);
    await follower.replicaof('127.0.0.1', new URL(primary.url).port);
    await follower.quit();
    await until(async () => (await client.info('replication')).includes('state=online'));
    dir = mkdtempSync(join(tmpdir(), 'cache-cli-'));
    writeFileSync(
      join(dir, '.env'),
      ['CACHE_REDIS_ENABLED=true', `CACHE_REDIS_URI=${primary.url}`, 'CACHE_REDIS_SAVE_INSTANCES=true'].join('\n'),
    );
  });

  afterAll(async () => {
    await client.quit();
    await replica.stop();
    await primary.stop();
    rmSync(dir, { recursive: true });
  });

  it('is printed with its replicas and what to worry about', async () => {
    await client.config('SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru');
    const { status, stdout } = await evolutionGuard(['status', dir]);
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${new URL(primary.url).host}\n  role +master, Redis \\d`));
    expect(stdout).toMatch(/memory +\S+ of 100\.00M, allkeys-lru, 0 evicted/);
    expect(stdout).toMatch(/disk +append-only file off, save points: none/);
    expect(stdout).toMatch(new RegExp(`replicas +${new URL(replica.url).host} +online +\\d s +\\d+ bytes behind`));
    expect(stdout.match(/^Warning: .*/gm)).toEqual([
      expect.stringMatching(/allkeys-lru/),
      expect.stringMatching(/written to disk/),
    ]);
  });

  it('is told to programs, the way over a replica included', async () => {
    const run = await evolutionGuard(['status', dir, '--json'], { CACHE_REDIS_URI: replica.url });
    expect(answer(run)).toMatchObject({
      ok: true,
      healthy: false,
      warnings: [expect.stringContaining(new URL(replica.url).host)],
      primaries: [
        {
          address: new URL(primary.url).host,
          info: { role: 'master', aof_enabled: '0' },
          replicas: [{ address: new URL(replica.url).host, isOnline: true }],
        },
      ],
    });
  });

  it('is a part of what doctor looks at', async () => {
    const check = (environment: Record<string, string>) => checkCache(readSettings(environment), environment);
    const at = { CACHE_REDIS_ENABLED: 'true', CACHE_REDIS_URI: primary.url, DATABASE_SAVE_DATA_INSTANCE: 'true' };
    await client.config('SET', 'maxmemory-policy', 'noeviction', 'appendonly', 'yes');
    expect(await check(at)).toEqual([
      { level: 'ok', about: 'cache', text: `${new URL(primary.url).host} is primary, with 1 replicas` },
    ]);
    await client.config('SET', 'appendonly', 'no');
    expect(await check(at)).toMatchObject([{ level: 'ok' }, { level: 'warning', text: expect.stringMatching(/disk/) }]);
    expect(await check({ ...at, CACHE_REDIS_URI: 'redis://127.0.0.1:1' })).toMatchObject([
      { level: 'problem', text: expect.stringMatching(/GUARD_CACHE/) },
    ]);
    expect(await check({ CACHE_REDIS_ENABLED: 'true' })).toMatchObject([{ level: 'problem' }]);
    expect(await check({ CACHE_REDIS_URI: primary.url })).toEqual([]);
  });
});

describe('the help of evolution-guard cache', () => {
  it.each([[[]], [['audit']], [['status']]])('%j has examples', async (command) => {
    const { status, stdout } = await evolutionGuard([...command, '--help']);
    expect([status, stdout]).toEqual([0, expect.stringContaining(`$ evolution-guard cache ${command[0] ?? 'audit'}`)]);
  });
});
