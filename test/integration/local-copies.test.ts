import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import Redis from 'ioredis';
import { HalfOpenProxy } from '../../scripts/faults/half-open-proxy';
import { LocalCopies } from '../../src/cache/local-copies';
import { systemClock } from '../../src/core/clock';
import { readRedisPlace } from '../../src/core/redis-place';
import { Invalidations } from '../../src/stores/redis/invalidations';
import { openRedis } from '../../src/stores/redis/open-redis';
import type { RedisLink } from '../../src/stores/redis/redis-link';
import { recordingLog } from '../helpers/recording-log';
import { startRedis, type RunningService } from '../helpers/services';
import { until } from '../helpers/until';

const KEPT_MS = 600_000;
const LIMIT_MS = 500;

let one: RunningService;
let other: RunningService;
let onOne: Redis;
let onOther: Redis;
let link: RedisLink;
let copies: LocalCopies;
let invalidations: Invalidations;
/** Commands that have gone to Redis. */
let asked: number;
/** Keys that were told to be changed. */
let told: string[];
/** Times that the link is said to have found a primary, beyond those that it has. */
let moves: number;

/** One process. @param telling host:port that it is told of changes at. */
async function start(uri: string, telling?: string): Promise<void> {
  const place = readRedisPlace(uri);
  if (!place) throw new Error(`no place: ${uri}`);
  const log = recordingLog();
  link = openRedis({ place, prefix: 'test', limitMs: LIMIT_MS, clock: systemClock, random: Math.random, log });
  [asked, moves, told] = [0, 0, []];
  copies = new LocalCopies({
    link: { run: (...given) => ((asked += 1), link.run(...given)), scan: (pattern) => link.scan(pattern) },
    isTold: () => invalidations.isTold,
    keptMs: KEPT_MS,
    clock: systemClock,
  });
  const state = () => {
    const { addresses, connects, ...rest } = link.state();
    return { ...rest, addresses: telling === undefined ? addresses : [telling], connects: connects + moves };
  };
  invalidations = new Invalidations({
    link: { state },
    place,
    prefixes: ['test:a:', 'test:b:'],
    changed(names) {
      told.push(...(names ?? []));
      copies.changed(names);
    },
    log,
  });
  await until(() => invalidations.isTold);
}

const get = (name: string) => copies.run(['GET', name]);

/** Reads until it is in memory. */
const untilKept = (name: string) =>
  until(async () => {
    await get(name);
    const before = asked;
    await get(name);
    return asked === before;
  });

beforeAll(async () => {
  [one, other] = await Promise.all([startRedis({ private: true }), startRedis({ private: true })]);
  [onOne, onOther] = [new Redis(one.url), new Redis(other.url)];
  for (const client of [onOne, onOther]) {
    client.on('error', () => undefined);
    await client.config('SET', 'repl-diskless-sync-delay', '0');
  }
});

beforeEach(async () => {
  await onOne.flushall();
  await onOne.set('test:a:key', 'old');
});

afterEach(() => {
  invalidations.stop();
  link.stop();
});

afterAll(async () => {
  onOne.disconnect();
  onOther.disconnect();
  await Promise.all([one.stop(), other.stop()]);
});

describe('values that are kept in memory while Redis tells of changes', () => {
  beforeEach(() => start(one.url));

  it('are read once', async () => {
    expect([await get('test:a:key'), await get('test:a:key'), asked]).toEqual(['old', 'old', 1]);
  });

  it('stay there while Redis is asked whether it still tells', async () => {
    await get('test:a:key');
    await until(async () => /sub=1 .*cmd=ping/.test((await onOne.client('LIST')) as string));
    expect([await get('test:a:key'), asked]).toEqual(['old', 1]);
    await onOne.set('test:a:key', 'new');
    await until(async () => (await get('test:a:key')) === 'new');
  });

  it('are new soon after another client has changed them, whatever it did', async () => {
    await onOne.set('test:b:key', 'old');
    const read = async () => [await get('test:a:key'), await get('test:b:key')];
    const changes: [() => Promise<unknown>, (string | null)[]][] = [
      [() => onOne.set('test:a:key', 'new'), ['new', 'old']],
      [() => onOne.del('test:a:key'), [null, 'old']],
      [() => onOne.rename('test:b:key', 'test:a:key'), ['old', null]],
      [() => onOne.pexpire('test:a:key', 1), [null, null]],
      [() => onOne.mset('test:a:key', '1', 'test:b:key', '2'), ['1', '2']],
      [() => onOne.flushall(), [null, null]],
    ];
    for (const [change, expected] of changes) {
      await read();
      await change();
      const before = performance.now();
      await until(async () => JSON.stringify(await read()) === JSON.stringify(expected), read);
      expect(performance.now() - before).toBeLessThan(1_000);
    }
  });

  it('stay there when others are changed, of which some are not heard of at all', async () => {
    await onOne.set('test:a:ü,😀', 'old');
    for (const name of ['test:a:key', 'test:a:ü,😀']) await untilKept(name);
    [asked, told] = [0, []];
    await onOne.mset('other:key', '1', 'test:c:key', '1', 'test:b:key', '1', 'test:a:ü,😀', 'new');
    await until(async () => (await get('test:a:ü,😀')) === 'new');
    expect([await get('test:a:key'), asked, told.sort()]).toEqual(['old', 1, ['test:a:ü,😀', 'test:b:key']]);
  });

  it('are new at once after an own write', async () => {
    await get('test:a:key');
    for (let round = 0; round < 50; round += 1) {
      await copies.run(['SETEX', 'test:a:key', 60, `${round}`]);
      expect(await get('test:a:key')).toBe(`${round}`);
    }
    await copies.run(['UNLINK', 'test:a:key']);
    expect([await get('test:a:key'), await copies.run(['EXISTS', 'test:a:key'])]).toEqual([null, 0]);
  });

  it.each(['pubsub', 'tracking'])(
    'are none any more once the %s connection is lost, and are kept again after that',
    async (kind) => {
      await untilKept('test:a:key');
      const connection = async () => {
        const list = (await onOne.client('LIST')) as string;
        return list.split('\n').find((each) => (kind === 'pubsub' ? / sub=1 / : / flags=\S*t/).test(each)) ?? '';
      };
      await until(async () => (await connection()).includes('cmd=ping')); // the next look is a second later
      const before = performance.now();
      await onOne.call('CLIENT', 'KILL', 'ID', /^id=(\d+)/.exec(await connection())?.[1] ?? '');
      await until(() => !invalidations.isTold);
      expect(performance.now() - before).toBeLessThan(800);
      await onOne.set('test:a:key', 'new');
      expect(await get('test:a:key')).toBe('new');
      await until(() => invalidations.isTold);
      await untilKept('test:a:key');
      await onOne.set('test:a:key', 'newer');
      await until(async () => (await get('test:a:key')) === 'newer');
    },
  );

  it('are not answered while the primary is away', async () => {
    await untilKept('test:a:key');
    await one.pause();
    await until(() => !link.state().isUp);
    const read = get('test:a:key').catch((error: unknown) => error);
    const outcome = await read;
    await one.resume();
    expect(outcome).toMatchObject({ code: 'GUARD_CACHE_AWAY' });
    await until(async () => link.state().isUp && (await get('test:a:key')) === 'old');
  });

  it('are none at once when the link has found a primary anew, until that one tells', async () => {
    await untilKept('test:a:key');
    moves = 1;
    expect(invalidations.isTold).toBe(false);
    await until(() => invalidations.isTold);
    await untilKept('test:a:key');
  });

  it('end with the process that is told, which leaves no connection', async () => {
    invalidations.stop();
    link.stop();
    await until(async () => !((await onOne.client('LIST')) as string).includes('evolution-guard'));
    expect(invalidations.isTold).toBe(false);
  });
});

describe('values that are kept in memory while connections or primaries change', () => {
  it('are those of the new primary after a fail-over', async () => {
    await onOther.replicaof('127.0.0.1', new URL(one.url).port);
    await until(async () => (await onOther.get('test:a:key')) === 'old');
    await start(`${one.url},${other.url}`);
    await untilKept('test:a:key');
    await onOther.replicaof('NO', 'ONE');
    await onOther.set('test:a:key', 'new');
    await onOne.replicaof('127.0.0.1', new URL(other.url).port);
    await until(async () => (await get('test:a:key')) === 'new');
    await until(() => invalidations.isTold);
    await untilKept('test:a:key');
    await onOther.set('test:a:key', 'newer');
    await until(async () => (await get('test:a:key')) === 'newer');
    await onOne.replicaof('NO', 'ONE');
  });

  it('are none any more soon after connections have fallen silent without an end', async () => {
    const proxy = await HalfOpenProxy.start(one.url);
    try {
      await start(proxy.through(one.url));
      await untilKept('test:a:key');
      proxy.silence({ alsoNew: false });
      await onOne.set('test:a:key', 'new');
      await until(async () => (await get('test:a:key').catch(() => 'none')) === 'new');
      await until(() => invalidations.isTold);
      await untilKept('test:a:key');
    } finally {
      await proxy.stop();
    }
  });

  it('are none any more soon after only the connections that tell of changes have fallen silent', async () => {
    const proxy = await HalfOpenProxy.start(one.url);
    try {
      await start(one.url, new URL(proxy.through(one.url)).host);
      await untilKept('test:a:key');
      proxy.silence({ alsoNew: false });
      await onOne.set('test:a:key', 'new');
      await until(async () => (await get('test:a:key')) === 'new');
      await until(() => invalidations.isTold);
      expect(link.state().connects).toBe(1);
    } finally {
      await proxy.stop();
    }
  });
});
