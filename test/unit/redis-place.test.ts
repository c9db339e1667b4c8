import { describe, expect, it } from '@jest/globals';
import { GuardError } from '../../src/core/errors';
import { readRedisPlace, redisUrl, type RedisAccess } from '../../src/core/redis-place';
import { readSettings } from '../../src/core/settings';

const OPEN: RedisAccess = { tls: false, username: undefined, password: undefined, db: 0 };
const server = (host: string, port = 6379) => ({ host, port });

describe('where a Redis is to be found', () => {
  it.each([
    ['a name alone', 'redis://cache', [server('cache')]],
    ['a name and a slash', 'redis://cache/', [server('cache')]],
    ['a port', 'redis://cache:7000', [server('cache', 7000)]],
    ['the highest port', 'redis://cache:65535', [server('cache', 65_535)]],
    ['a query, which is passed over', 'redis://cache/?family=6', [server('cache')]],
    ['an address of IPv6', 'redis://[2001:db8::1]', [server('2001:db8::1')]],
    ['an address of IPv6 and a port', 'redis://[::1]:7000', [server('::1', 7000)]],
    ['an address of IPv4 within IPv6', 'redis://[::ffff:10.0.0.1]:7000', [server('::ffff:10.0.0.1', 7000)]],
    ['several servers in one URL', 'redis://a, b:7000,[::1]', [server('a'), server('b', 7000), server('::1')]],
    ['several URLs', 'redis://a:1, redis://b:2,redis://c redis://d:4', [server('a', 1), server('b', 2), server('c'), server('d', 4)]], // prettier-ignore
  ])('is read from %s', (_form, text, servers) => {
    expect(readRedisPlace(text)).toEqual({ ...OPEN, kind: 'servers', servers });
  });

  it('comes with TLS, a login and a number of the database', () => {
    expect(readRedisPlace('rediss://me:p%40ss%2F%3A%25@cache:7000/12')).toEqual({
      ...{ tls: true, username: 'me', password: 'p@ss/:%', db: 12 },
      ...{ kind: 'servers', servers: [server('cache', 7000)] },
    });
  });

  it.each([
    ['a password alone', 'redis://:secret@cache', { username: undefined, password: 'secret' }],
    ['a user alone', 'redis://me@cache', { username: 'me', password: undefined }],
    ['a password with a colon', 'redis://me:a:b@cache', { username: 'me', password: 'a:b' }],
    ['an encoded name', 'redis://m%C3%A9@cache', { username: 'mé', password: undefined }],
  ])('may have %s', (_login, text, login) => {
    expect(readRedisPlace(text)).toEqual({ ...OPEN, ...login, kind: 'servers', servers: [server('cache')] });
  });

  it('has the access of the first URL where there are several', () => {
    expect(readRedisPlace('rediss://:one@a:1/3,redis://:two@b:2/4')).toEqual({
      ...{ tls: true, username: undefined, password: 'one', db: 3 },
      ...{ kind: 'servers', servers: [server('a', 1), server('b', 2)] },
    });
  });

  it('may be known to Sentinels, whose port is another one where none is given', () => {
    expect(readRedisPlace('rediss+sentinel://me:pw@s1,s2:27000,[::1]/main/2')).toEqual({
      ...{ tls: true, username: 'me', password: 'pw', db: 2 },
      ...{ kind: 'sentinel', name: 'main', sentinels: [server('s1', 26_379), server('s2', 27_000), server('::1', 26_379)] }, // prettier-ignore
    });
    expect(readRedisPlace('redis+sentinel://s1/main')).toMatchObject({ tls: false, kind: 'sentinel', db: 0 });
  });

  it('may be a Cluster, which has one database', () => {
    const cluster = { ...OPEN, kind: 'cluster', servers: [server('a'), server('b', 7000)] };
    expect(readRedisPlace('redis+cluster://a,b:7000')).toEqual(cluster);
    expect(readRedisPlace('redis+cluster://a,b:7000/0')).toEqual(cluster);
    expect(readRedisPlace('rediss+cluster://:pw@a')).toMatchObject({ tls: true, password: 'pw', kind: 'cluster' });
  });

  it.each([
    ['nothing', ''],
    ['another scheme', 'http://cache'],
    ['an unknown way', 'redis+proxy://cache'],
    ['no server', 'redis://'],
    ['an empty place in a list', 'redis://a,,b'],
    ['port 0', 'redis://cache:0'],
    ['a port beyond the last one', 'redis://cache:65536'],
    ['a port that is no number', 'redis://cache:redis'],
    ['an IPv6 address without brackets', 'redis://::1'],
    ['a database with a name', 'redis://cache/main'],
    ['a path behind the database', 'redis://cache/0/more'],
    ['a login with a broken escape', 'redis://me:50%@cache'],
    ['Sentinels without a name', 'redis+sentinel://s1,s2'],
    ['Sentinels with a database that has a name', 'redis+sentinel://s1/main/second'],
    ['a Cluster with a database', 'redis+cluster://a/1'],
    ['a list of which one is no place', 'redis://a,redis://b:0'],
    ['Sentinels among servers', 'redis+sentinel://s1/main,redis://a'],
    ['servers before Sentinels', 'redis://a,redis+sentinel://s1/main'],
    ['a Cluster among servers', 'redis+cluster://a,redis://b'],
    ['servers before a Cluster', 'redis://a,redis+cluster://b'],
    ['two lists of Sentinels', 'redis+sentinel://s1/main,redis+sentinel://s2/main'],
  ])('is not read from %s', (_mistake, text) => {
    expect(readRedisPlace(text)).toBeUndefined();
  });

  it.each([
    ['nothing more', 'redis://cache:7000/0', OPEN],
    ['TLS and a database', 'rediss://cache:7000/3', { ...OPEN, tls: true, db: 3 }],
    ['a login', 'redis://me:pw@cache:7000/0', { ...OPEN, username: 'me', password: 'pw' }],
    ['a password alone', 'redis://:pw@cache:7000/0', { ...OPEN, password: 'pw' }],
    ['a login of any characters', undefined, { ...OPEN, username: 'm%/é', password: 'a:b@c/d?e#f%20 [g],h' }],
  ])('is a URL again for others to read, with %s', (_access, url, access) => {
    const made = redisUrl('cache:7000', access);
    if (url !== undefined) expect(made).toBe(url);
    expect(readRedisPlace(made)).toEqual({ ...access, kind: 'servers', servers: [server('cache', 7000)] });
  });

  it('is a URL also with an address of IPv6', () => {
    expect(readRedisPlace(redisUrl('[::1]:7000', OPEN))).toMatchObject({ servers: [server('::1', 7000)] });
  });

  it('is a setting whose mistakes name every form, and not the value', () => {
    const read = () => readSettings({ GUARD_CACHE_REDIS_URI: 'redis+sentinel://:hunter2@s1' });
    expect(read).toThrow(GuardError);
    expect(read).toThrow(
      /GUARD_CACHE_REDIS_URI: must be redis:\/\/host:port\/db, several .*redis\+sentinel:\/\/.*\/name\/db, or redis\+cluster:\/\/.* \(rediss for TLS\)/,
    );
    expect(read).not.toThrow(/hunter2/);
    expect(readSettings({ CACHE_REDIS_URI: 'redis://cache/2' }).cacheRedis).toMatchObject({ kind: 'servers', db: 2 });
  });
});
