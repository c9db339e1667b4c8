import { describe, expect, it } from '@jest/globals';
import { heldAlone, judgeServer, type ServerExpectations } from '../../src/cache/judge-server';
import type { RedisReplica } from '../../src/stores/redis/redis-link';

const SOUND = {
  maxmemory: '1000000',
  maxmemory_policy: 'volatile-lru',
  evicted_keys: '0',
  aof_enabled: '1',
  aof_last_write_status: 'ok',
  rdb_last_bgsave_status: 'ok',
  save: '',
};

function warningsOf(
  fields: Record<string, string> = {},
  expectations: Partial<ServerExpectations> = {},
  replicas: Partial<RedisReplica>[] = [],
) {
  const replica = { address: '10.0.0.2:6379', lagSeconds: 0, behindBytes: 0, isOnline: true };
  return judgeServer(
    {
      address: '10.0.0.1:6379',
      info: new Map(Object.entries({ ...SOUND, ...fields })),
      replicas: replicas.map((each) => ({ ...replica, ...each })),
    },
    { held: 'credentials', lagSeconds: 10, ...expectations },
  );
}

describe('a Redis server', () => {
  it('that keeps what it has is not warned of', () => {
    expect(warningsOf({}, {}, [{ lagSeconds: 10, behindBytes: 5_000 }])).toEqual([]);
  });

  it('that may evict credentials is warned of, unless it has no limit or nothing of the kind', () => {
    const evicting = { maxmemory_policy: 'allkeys-lfu' };
    expect(warningsOf(evicting)).toEqual([expect.stringMatching(/allkeys-lfu.*credentials/)]);
    expect(warningsOf({ ...evicting, maxmemory: '0' })).toEqual([]);
    expect(warningsOf(evicting, { held: 'nothing' })).toEqual([]);
    expect(warningsOf({ maxmemory_policy: 'noeviction' })).toEqual([]);
  });

  it('that has evicted keys is warned of', () => {
    expect(warningsOf({ evicted_keys: '12' })).toEqual([expect.stringMatching(/^12 keys were evicted/)]);
  });

  it('that writes nothing to disk is warned of, where it tells so and it matters', () => {
    const off = { aof_enabled: '0' };
    expect(warningsOf(off, { held: 'signal keys' })).toEqual([expect.stringMatching(/disk.*signal keys/)]);
    expect(warningsOf({ ...off, save: '3600 1' })).toEqual([]);
    expect(warningsOf(off, { held: 'nothing' })).toEqual([]);
    const untold = { address: 'a:1', info: new Map([['aof_enabled', '0']]), replicas: [] };
    expect(judgeServer(untold, { held: 'credentials', lagSeconds: 10 })).toEqual([]);
  });

  it('whose disk fails is warned of', () => {
    expect(warningsOf({ aof_last_write_status: 'err' })).toEqual([expect.stringMatching(/append-only/)]);
    expect(warningsOf({ save: '60 1', rdb_last_bgsave_status: 'err' })).toEqual([expect.stringMatching(/last save/)]);
  });

  it('is warned of for each replica that is late or not online', () => {
    const replicas = [{ lagSeconds: 11 }, { address: '10.0.0.3:6379', isOnline: false }];
    expect(warningsOf({}, { held: 'nothing' }, replicas)).toEqual([
      expect.stringMatching(/10\.0\.0\.2:6379 lags 11 s/),
      expect.stringMatching(/10\.0\.0\.3:6379 is not online/),
    ]);
  });
});

describe('what only Redis has', () => {
  const all = { redisEnabled: true, usesProvider: false, saveInRedis: true, saveInDatabase: true };

  it.each([
    ['credentials', all, []],
    ['signal keys', { ...all, saveInRedis: false }, []],
    ['nothing', { ...all, saveInRedis: false }, ['signal-keys' as const]],
    ['nothing', { ...all, saveInRedis: false, saveInDatabase: false }, []],
    ['nothing', { ...all, usesProvider: true }, []],
    ['nothing', { ...all, redisEnabled: false }, []],
  ])('is %s with %j, kept out of it %j', (held, settings, bypass) => {
    expect(heldAlone(settings, bypass)).toBe(held);
  });
});
