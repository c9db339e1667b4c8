import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditReport } from '../../src/cache/audit/audit-cache';
import { GuardError } from '../../src/core/errors';
import { HIDDEN_CLIENT, hiddenName } from '../../src/instances/plans';
import { sharedRedis } from '../helpers/services';
import { DATABASES } from '../helpers/test-store';
import { credsOf, openCacheAuditRig, SECRET, type CacheAuditRig } from './cache-audit-rig';

const IN_REDIS = { usesProvider: false, saveInRedis: true, saveInDatabase: true, keysInFiles: false };
const KEYS = { 'pre-key-1': '"x"', 'session-1.0': '"x"' };

const told = ({ findings }: AuditReport) =>
  Object.fromEntries(findings.map(({ key, cause, fix, isRepaired }) => [key, `${cause} ${fix ?? '-'} ${isRepaired}`]));

describe.each(DATABASES)('an audit of the cache, with $kind,', ({ create }) => {
  let rig: CacheAuditRig;

  beforeEach(async () => {
    rig = await openCacheAuditRig(await create(), await sharedRedis());
  });

  afterEach(() => rig.stop());

  it('finds nothing where both agree', async () => {
    const { redis, key } = rig;
    await rig.addInstance({ id: 'shop', number: '55', creds: credsOf('55') });
    await rig.addHash('shop', KEYS, 9);
    await rig.addInstance({ id: 'new', status: 'connecting', creds: credsOf() });
    await rig.addInstance({ id: 'out', status: 'close', age: 3 });
    await redis.setex(key('groups', '1@g.us'), 60, '{"timestamp":1,"data":{}}');
    await redis.setex(key('baileys', 'shop_AB'), 60, 'true');
    await redis.setex(key('v', 'name of shop:getInbox'), 60, '{}');
    await redis.hset(key('v', 'chatwoot:syncLostMessages'), 'name of shop', '"id"');
    await redis.set(key('licence', 'of somebody'), 'x');
    expect(await rig.audit()).toEqual({
      keys: { instance: 1, baileys: 1, groups: 1, chatwoot: 1, other: 2 },
      instances: 3,
      found: { orphan: 0, stale: 0, missing: 0 },
      repaired: 0,
      findings: [],
    });
  });

  it('finds what is nobody’s, and takes away what nobody has used for a day', async () => {
    const { redis, key } = rig;
    await rig.addInstance({ id: 'shop', number: '55', creds: credsOf('55') });
    await rig.addHash('shop', KEYS);
    await rig.addHash('gone', KEYS, 30);
    await rig.addHash('of-another-installation', KEYS, 0.5);
    await rig.addHash('name of shop', KEYS, 2);
    await rig.addHash('gone:draft', KEYS, 1);
    await rig.addHash('shop:draft', KEYS);
    await redis.setex(key('ChatwootService', 'nobody:lock:createConversation-1@s.whatsapp.net'), 60, 'true');
    const before = await rig.content();
    const expected = (repaired: boolean) => ({
      [key('instance', 'gone')]: `no-instance delete ${repaired}`,
      [key('instance', 'of-another-installation')]: 'no-instance - false',
      [key('instance', 'name of shop')]: `under-a-name delete ${repaired}`,
      [key('instance', 'gone:draft')]: `interrupted-restore delete ${repaired}`,
      [key('ChatwootService', 'nobody:lock:createConversation-1@s.whatsapp.net')]: `no-instance delete ${repaired}`,
    });
    expect(told(await rig.audit())).toEqual(expected(false));
    expect(await rig.content()).toEqual(before);

    const repaired = await rig.audit({ repairs: true });
    expect([told(repaired), repaired.repaired, repaired.found.orphan]).toEqual([expected(true), 4, 5]);
    const stays = ['of-another-installation', 'shop', 'shop:draft'].map((owner) => key('instance', owner));
    expect(Object.keys(await rig.content())).toEqual(stays.sort());
  });

  it('leaves what belongs to deleted instances that are kept, and to those of other installations', async () => {
    await rig.addInstance({ id: 'kept', status: 'close', age: 9, clientName: HIDDEN_CLIENT });
    await rig.tables.query(`UPDATE "Instance" SET "name" = '${hiddenName('kept')}'`);
    await rig.addInstance({ id: 'other', status: 'open', number: '1', clientName: 'another client' });
    await rig.addHash('kept', KEYS, 30);
    await rig.addHash('other', KEYS, 30);
    expect(await rig.audit({ repairs: true })).toMatchObject({ instances: 0, findings: [] });
  });

  it('finds settings of Chatwoot that the database has changed since, and has them read anew', async () => {
    const { redis, key, tables } = rig;
    const cached = {
      enabled: true,
      url: 'http://new',
      token: SECRET,
      signMsg: false,
      signDelimiter: null,
      ignoreJids: ['1@g.us'],
    };
    for (const [id, url] of [
      ['same', 'http://new'],
      ['other', 'http://old'],
    ]) {
      await rig.addInstance({ id: `${id}`, number: '55', status: 'connecting' });
      await tables.query(
        `INSERT INTO "Chatwoot" ("id", "enabled", "url", "token", "signMsg", "signDelimiter", "ignoreJids", "instanceId")
         VALUES ('${id}', true, '${url}', '${SECRET}', false, '', '[ "1@g.us"]', '${id}')`,
      );
      await redis.setex(key('v', `name of ${id}:getProvider`), 60, JSON.stringify(cached));
    }
    await rig.addInstance({ id: 'none', status: 'connecting' });
    await redis.setex(key('v', 'name of none:getProvider'), 60, JSON.stringify(cached));
    await redis.set(key('v', 'name of same:getInbox'), '{"id":1}');
    const report = await rig.audit({ repairs: true });
    expect(told(report)).toEqual({
      [key('v', 'name of other:getProvider')]: 'settings-differ delete true',
      [key('v', 'name of none:getProvider')]: 'settings-differ delete true',
      [key('v', 'name of same:getInbox')]: 'stays-for-ever expire true',
    });
    expect(report.findings.map(({ why }) => why)).toContain(
      'The settings of Chatwoot are other ones in the database: url.',
    );
    expect(Object.keys(await rig.content())).toEqual([
      key('v', 'name of same:getInbox'),
      key('v', 'name of same:getProvider'),
    ]);
    expect(await redis.ttl(key('v', 'name of same:getInbox'))).toBeGreaterThan(590);
  });

  it('gives a time to live to what has none, and takes it from sessions', async () => {
    const { redis, key } = rig;
    await rig.addInstance({ id: 'shop', number: '55', creds: credsOf('55') });
    await rig.addHash('shop', KEYS);
    await redis.expire(key('instance', 'shop'), 1_000);
    await redis.set(key('groups', '1@g.us'), '{}');
    await redis.set(key('baileys', 'shop_AB'), 'true');
    expect(told(await rig.audit({ repairs: true }))).toEqual({
      [key('groups', '1@g.us')]: 'stays-for-ever expire true',
      [key('baileys', 'shop_AB')]: 'stays-for-ever expire true',
      [key('instance', 'shop')]: 'ends-by-itself keep true',
    });
    expect(await redis.ttl(key('instance', 'shop'))).toBe(-1);
    expect((await rig.audit()).findings).toEqual([]);
  });

  it('finds open instances without credentials or keys, and keys of sessions that have ended', async () => {
    const { key } = rig;
    await rig.addInstance({ id: 'no-session', number: '55' });
    await rig.addHash('no-session', KEYS);
    await rig.addInstance({ id: 'no-keys', number: '55', creds: credsOf('55') });
    await rig.addInstance({ id: 'unpaired', number: '55', creds: credsOf() });
    await rig.addHash('unpaired', KEYS);
    await rig.addInstance({ id: 'ended', status: 'close', age: 2 });
    await rig.addHash('ended', KEYS);
    await rig.addInstance({ id: 'just-ended', status: 'close' });
    await rig.addHash('just-ended', KEYS);
    await rig.addInstance({ id: 'paired', status: 'close', age: 2, creds: credsOf('55') });
    await rig.addHash('paired', KEYS);
    const report = await rig.audit({ repairs: true });
    expect(told(report)).toEqual({
      [key('instance', 'no-session')]: 'no-credentials - false',
      [key('instance', 'no-keys')]: 'no-signal-keys - false',
      [key('instance', 'unpaired')]: 'no-credentials - false',
      [key('instance', 'ended')]: 'keys-left delete true',
      [key('instance', 'just-ended')]: 'keys-left - false',
    });
    expect(report.found).toEqual({ orphan: 0, stale: 2, missing: 3 });
    const inFiles = { ...IN_REDIS, saveInRedis: false, keysInFiles: true };
    expect(Object.values(told(await rig.audit({ places: inFiles })))).not.toContain('no-signal-keys - false');
  });

  it('compares the credentials that a hash has with the rows, and tells numbers only', async () => {
    const { key } = rig;
    await rig.addInstance({ id: 'same', number: '55', creds: credsOf('55') });
    await rig.addHash('same', { ...KEYS, creds: credsOf('55') });
    await rig.addInstance({ id: 'two', number: '55', creds: credsOf('66') });
    await rig.addHash('two', { ...KEYS, creds: credsOf('55') });
    await rig.addInstance({ id: 'foreign', number: '55' });
    await rig.addHash('foreign', { ...KEYS, creds: credsOf('66') });
    await rig.addInstance({ id: 'spoilt', number: '55' });
    await rig.addHash('spoilt', { ...KEYS, creds: 'no JSON' });
    await rig.addInstance({ id: 'without', number: '55', creds: credsOf('55') });
    await rig.addHash('without', KEYS);
    const report = await rig.audit({ places: IN_REDIS });
    expect(told(report)).toEqual({
      [key('instance', 'two')]: 'two-numbers - false',
      [key('instance', 'foreign')]: 'foreign-number - false',
      [key('instance', 'spoilt')]: 'unreadable - false',
      [key('instance', 'without')]: 'no-credentials - false',
    });
    expect(JSON.stringify(report)).not.toContain(SECRET);
    expect((await rig.audit({ places: { ...IN_REDIS, usesProvider: true } })).findings).toEqual([]);
  });

  it('goes through more instances than it reads at a time', async () => {
    const ids = Array.from({ length: 1_100 }, (_, number) => `i-${number}`);
    const values = ids.map(
      (id) => `('${id}', 'name of ${id}', 'open', '55@s.whatsapp.net', 'WHATSAPP-BAILEYS', 'client')`,
    );
    await rig.tables.query(
      `INSERT INTO "Instance" ("id", "name", "connectionStatus", "ownerJid", "integration", "clientName") VALUES ${values.join()}`,
    );
    const report = await rig.audit();
    expect([report.instances, report.found.missing, report.findings.length]).toEqual([1_100, 1_100, 1_000]);
  });

  it('looks twice, as the host goes on meanwhile', async () => {
    const { redis, key, rows } = rig;
    await rig.addHash('shop', KEYS, 9);
    await redis.setex(key('v', 'name of desk:getProvider'), 60, '{"enabled":true}');
    await rig.addInstance({ id: 'desk' });
    let isPaired = false;
    const audit = rig.audit({
      repairs: true,
      rows: {
        ...rows,
        // What the first look missed is there before the second.
        find: async (ids, names) => {
          const found = await rows.find(ids, names);
          if (ids.includes('shop') && !isPaired) {
            isPaired = true;
            await rig.addInstance({ id: 'shop', number: '55', creds: credsOf('55') });
          }
          return found;
        },
        page: async (...asked) => {
          const page = await rows.page(...asked);
          await rig.tables.query(`UPDATE "Instance" SET "connectionStatus" = 'connecting' WHERE "id" = 'desk'`);
          await redis.del(key('v', 'name of desk:getProvider'));
          return page;
        },
      },
    });
    expect(await audit).toMatchObject({ instances: 2, found: { orphan: 0, missing: 0 } });
    expect(await redis.exists(key('instance', 'shop'))).toBe(1);
  });

  it('leaves sessions alone that something waits to be written to', async () => {
    const { key } = rig;
    await rig.addInstance({ id: 'shop', number: '55' });
    await rig.addInstance({ id: 'ended', status: 'close', age: 2 });
    await rig.addHash('ended', KEYS);
    await rig.addHash('gone', KEYS, 30);
    expect(told(await rig.audit({ repairs: true, isWaiting: () => Promise.resolve(true) }))).toEqual({
      [key('instance', 'shop')]: 'writes-wait - false',
      [key('instance', 'ended')]: 'writes-wait - false',
    });
  });

  it('leaves what it does not know the last use of', async () => {
    const { link, key } = rig;
    await rig.addHash('gone', KEYS, 30);
    await rig.addHash('gone:draft', KEYS, 30);
    const refused = new GuardError('GUARD_CACHE_REFUSED', 'An LFU maxmemory policy is selected.');
    const report = await rig.audit({
      repairs: true,
      link: {
        run: (command) => (command[0] === 'OBJECT' ? Promise.reject(refused) : link.run(command)),
        scan: (pattern) => link.scan(pattern),
      },
    });
    expect(told(report)).toEqual({
      [key('instance', 'gone')]: 'no-instance - false',
      [key('instance', 'gone:draft')]: 'interrupted-restore - false',
    });
  });

  it('tells of its progress, ends when it is told to, and with what the database and Redis fail', async () => {
    await rig.addHash('gone', KEYS, 30);
    const lines: string[] = [];
    let now = 0;
    await rig.audit({ progress: (line) => lines.push(line), clock: { monotonic: () => (now += 6_000) } });
    expect(lines).toEqual(['1 keys and 0 instances looked at, 0 findings']);
    await expect(rig.audit({ signal: AbortSignal.abort(new Error('the process ends')) })).rejects.toThrow(
      /process ends/,
    );
    await rig.tables.query(`DROP TABLE "Session"`);
    const failing = rig.audit({ repairs: true, progress: (line) => lines.push(line) });
    await expect(failing).rejects.toMatchObject({ code: 'GUARD_DATABASE_UNREACHABLE' });
    expect(lines.at(-1)).toBe('1 findings were repaired before this:');
  });
});
