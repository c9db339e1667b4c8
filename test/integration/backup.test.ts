import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Redis from 'ioredis';
import { exportInstance } from '../../src/backup/export-instance';
import { makeBackup, type Installation } from '../../src/backup/make-backup';
import { restoreBackup, type RestoreRequest } from '../../src/backup/restore-backup';
import { folderTarget } from '../../src/backup/targets/folder';
import { composeBackups } from '../../src/compose-backups';
import { readSettings } from '../../src/core/settings';
import { createMetrics } from '../../src/metrics/metrics';
import { recordingLog } from '../helpers/recording-log';
import { sharedRedis } from '../helpers/services';
import { DATABASES } from '../helpers/test-store';
import { until } from '../helpers/until';
import { createTestHost, type TestHost } from './backup-rig';

const key = randomBytes(32);
const IN_SESSION = { DATABASE_SAVE_DATA_INSTANCE: 'true' };
const refusal = (code: string, reason: RegExp) => ({ code, detail: expect.stringMatching(reason) as unknown });

describe.each(DATABASES)('a backup, on $kind,', ({ kind, create }) => {
  const hosts: TestHost[] = [];
  let folder: string;
  let from: TestHost;
  let to: TestHost;
  let target: ReturnType<typeof folderTarget>;

  async function newHost(): Promise<TestHost> {
    const host = await createTestHost(await create());
    hosts.push(host);
    return host;
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backups-'));
    target = folderTarget(folder);
    [from, to] = [await newHost(), await newHost()];
    await from.fill('shop', 'desk');
  });

  afterEach(async () => {
    for (const host of hosts.splice(0)) await host.stop();
    await rm(folder, { recursive: true });
  });

  const make = async (installation?: Installation) =>
    makeBackup(installation ?? (await from.open()), target, { key, at: Date.now(), isScheduled: false });

  const restore = (installation: Installation, name: string, request: Partial<RestoreRequest> = {}) =>
    restoreBackup(installation, target, name, {
      instances: [],
      key,
      dryRun: false,
      credentialsOnly: false,
      ...request,
    });

  it('of one instance is handed out, can be restored, and leaves nothing behind', async () => {
    const drafts = async () =>
      (await readdir(tmpdir())).filter((name) => name.startsWith('evolution-guard-export-')).length;
    const before = await drafts();
    const { name, body } = await exportInstance(await from.open(), 'shop', key, Date.now());
    expect(await drafts()).toBe(before);
    await writeFile(join(folder, name), body);
    await restore(await to.open(), name);
    expect(await to.open().then(({ instances }) => instances.findByName('shop'))).toMatchObject({ id: 'i-shop' });
    expect(await to.open().then(({ instances }) => instances.findByName('desk'))).toBeUndefined();
  });

  it('brings all rows and all credentials into an empty installation as they were', async () => {
    const { name, ...facts } = await make();
    expect(facts).toMatchObject({ instances: ['desk', 'shop'], withCredentials: 2 });
    const restored = await restore(await to.open(), name);
    expect(restored.instances).toEqual([
      { id: 'i-desk', name: 'desk', rows: 5, hasCredentials: true },
      { id: 'i-shop', name: 'shop', rows: 5, hasCredentials: true },
    ]);
    expect(await to.content()).toEqual(await from.content());
    expect((await readFile(join(folder, name))).includes('T-shop')).toBe(false);
  });

  it('brings credentials back into Redis as well', async () => {
    const uri = await sharedRedis();
    const redis = new Redis(uri);
    const environment = (prefix: string) => ({
      CACHE_REDIS_ENABLED: 'true',
      CACHE_REDIS_SAVE_INSTANCES: 'true',
      CACHE_REDIS_URI: uri,
      CACHE_REDIS_PREFIX_KEY: prefix,
    });
    const [here, there] = [`from-${kind}`, `to-${kind}`];
    const fields = {
      creds: String.raw`"{\"registrationId\":7}"`,
      'sender-key-1@g.us::2::0': String.raw`"{\"a\":\"é\"}"`,
    };
    await redis.hset(`${here}:instance:i-shop`, fields);
    const { name, withCredentials } = await make(await from.open(environment(here)));
    expect(withCredentials).toBe(1);
    await restore(await to.open(environment(there)), name);
    expect(await redis.hgetall(`${there}:instance:i-shop`)).toEqual(fields);
    expect((await to.content())['rows']).toEqual((await from.content())['rows']);
    await redis.del(`${here}:instance:i-shop`, `${there}:instance:i-shop`);
    redis.disconnect();
  });

  it('has the instances of its installation alone', async () => {
    expect((await make(await from.open(IN_SESSION, 'another'))).instances).toEqual([]);
  });

  it('tells what would come, and changes nothing', async () => {
    const { name } = await make();
    const before = await to.content();
    const told = await restore(await to.open(), name, { dryRun: true });
    expect([told.instances.length, told.leftOut, await to.content()]).toEqual([2, [], before]);
  });

  it('brings back those instances that are named, and later the others', async () => {
    const { name } = await make();
    const installation = await to.open();
    const absent = restore(installation, name, { instances: ['shop', 'nobody'] });
    await expect(absent).rejects.toMatchObject(refusal('GUARD_INSTANCE_UNKNOWN', /nobody/));
    await restore(installation, name, { instances: ['shop'] });
    expect((await installation.instances.list('test')).map((each) => each.name)).toEqual(['shop']);
    await restore(installation, name, { instances: ['desk'] });
    expect(await to.content()).toEqual(await from.content());
  });

  it('changes nothing where an instance of that name or id is there', async () => {
    const { name } = await make();
    const table = kind === 'MariaDB' ? 'Instance' : '"Instance"';
    for (const [id, called] of [
      ['i-shop', 'other'],
      ['i-other', 'shop'],
    ]) {
      const host = await newHost();
      await host.session.query(`INSERT INTO ${table} (id, name) VALUES ('${id}', '${called}')`);
      const before = await host.content();
      const occupied = restore(await host.open(), name);
      await expect(occupied).rejects.toMatchObject(refusal('GUARD_BACKUP_OCCUPIED', /: shop\.$/));
      expect(await host.content()).toEqual(before);
    }
  });

  it.each([
    ['without its key', { key: undefined }, 'GUARD_SEAL_KEY'],
    ['with another key', { key: randomBytes(32) }, 'GUARD_SEAL_FOREIGN'],
  ])('changes nothing %s', async (_how, request, code) => {
    const { name } = await make();
    const before = await to.content();
    await expect(restore(await to.open(), name, request)).rejects.toMatchObject({ code });
    expect(await to.content()).toEqual(before);
  });

  it('changes nothing where it is damaged in what is not even wanted', async () => {
    const { name } = await make();
    const whole = await readFile(join(folder, name));
    whole[whole.length - 1] = (whole[whole.length - 1] ?? 0) ^ 1;
    await writeFile(join(folder, name), whole);
    const before = await to.content();
    const damaged = restore(await to.open(), name, { instances: ['desk'] });
    await expect(damaged).rejects.toMatchObject({ code: 'GUARD_SEAL_FOREIGN' });
    expect(await to.content()).toEqual(before);
  });

  it('fits no other installation and no other kind of database', async () => {
    const { name } = await make();
    const another = restore(await to.open(IN_SESSION, 'another'), name);
    await expect(another).rejects.toMatchObject(refusal('GUARD_BACKUP_FOREIGN', /"test".*"another"/));
    const there = await to.open();
    const other = { ...there.settings, kind: kind === 'MariaDB' ? ('postgresql' as const) : ('mysql' as const) };
    const refused = restore({ ...there, settings: other }, name);
    await expect(refused).rejects.toMatchObject(refusal('GUARD_BACKUP_FOREIGN', /not carried over/));
  });

  it('says which credentials are missing, and brings them when it is run again for them', async () => {
    const { name } = await make();
    const installation = await to.open();
    const early = restore(installation, name, { credentialsOnly: true });
    await expect(early).rejects.toMatchObject({ code: 'GUARD_INSTANCE_UNKNOWN' });
    await writeFile(join(to.dir, 'instances'), 'no folder');
    const incomplete = restore(installation, name);
    const reason = /The rows are there[^]*desk[^]*shop[^]*--credentials-only/;
    await expect(incomplete).rejects.toMatchObject(refusal('GUARD_CREDENTIALS_PLACE', reason));
    expect((await to.content())['rows']).toEqual((await from.content())['rows']);
    await rm(join(to.dir, 'instances'));
    await restore(installation, name, { credentialsOnly: true });
    expect(await to.content()).toEqual(await from.content());
  });

  it('is made without credentials where nobody can read them, and never brought where nobody can write them', async () => {
    const provider = { ...IN_SESSION, PROVIDER_ENABLED: 'true' };
    expect((await make(await from.open(provider))).withCredentials).toBe(0);
    const { name } = await makeBackup(await from.open(), target, { key, at: 0, isScheduled: false });
    const before = await to.content();
    const refused = restore(await to.open(provider), name);
    await expect(refused).rejects.toMatchObject(
      refusal('GUARD_CREDENTIALS_PLACE', /PROVIDER_ENABLED.*Nothing was changed/),
    );
    expect(await to.content()).toEqual(before);
  });

  it('is not stored where only one instance’s credentials cannot be read', async () => {
    await rm(join(from.dir, 'instances/i-shop'), { recursive: true });
    await writeFile(join(from.dir, 'instances/i-shop'), 'no folder');
    await expect(make()).rejects.toMatchObject({ code: 'GUARD_CREDENTIALS_PLACE' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('is not stored when it is given up', async () => {
    const stopping = new AbortController();
    const made = makeBackup(await from.open(), target, {
      key,
      at: 0,
      isScheduled: true,
      signal: stopping.signal,
      progress: () => stopping.abort(),
    });
    await expect(made).rejects.toThrow();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is made by itself at its time', async () => {
    const environment = {
      ...IN_SESSION,
      DATABASE_CONNECTION_URI: from.url,
      DATABASE_CONNECTION_CLIENT_NAME: 'test',
      GUARD_BACKUP_TARGET: folder,
      GUARD_ARCHIVE_KEY: key.toString('hex'),
    };
    const settings = readSettings(environment);
    const cron = '* * * * * *';
    const common = {
      cron,
      environment,
      hostDir: from.dir,
      random: () => 0,
      log: recordingLog(),
      metrics: createMetrics(),
    };
    const backups = await composeBackups({ settings, ...common });
    await until(async () => (await target.list()).length > 0).finally(() => backups.stop());
    const [{ name = '' } = {}] = await target.list();
    await restore(await to.open(), name);
    expect(await to.content()).toEqual(await from.content());
    const nowhere = composeBackups({ settings: { ...settings, backupTarget: undefined }, ...common });
    await expect(nowhere).rejects.toMatchObject({ code: 'GUARD_BACKUP_TARGET' });
  });
});
