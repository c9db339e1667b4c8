import { beforeEach, describe, expect, it } from '@jest/globals';
import type { HostCache } from '../../src/cache/host-cache';
import { TolerantCache } from '../../src/cache/tolerant-cache';
import { GuardError } from '../../src/core/errors';
import { createMetrics, type Metrics } from '../../src/metrics/metrics';
import { recordingLog, type RecordingLog } from '../helpers/recording-log';

const READS = ['get', 'hGet', 'has', 'keys'] as const;
const WRITES = ['set', 'hSet', 'delete', 'hDelete', 'deleteAll'] as const;
type Method = (typeof READS)[number] | (typeof WRITES)[number];

let answer: (method: string, args: unknown[]) => Promise<unknown>;
let milliseconds: number;
let log: RecordingLog;
let metrics: Metrics;
let cache: TolerantCache;

beforeEach(() => {
  answer = () => Promise.resolve('value');
  milliseconds = 0;
  log = recordingLog();
  metrics = createMetrics();
  cache = tolerant('instance');
});

function tolerant(module: string): TolerantCache {
  const methods = [...READS, ...WRITES].map((method) => [method, (...args: unknown[]) => answer(method, args)]);
  const clock = { now: () => 0, monotonic: () => milliseconds };
  const given = Object.fromEntries(methods) as HostCache;
  return new TolerantCache({ cache: given, module, metrics, clock, log });
}

const call = (method: Method) => (cache[method] as (...args: unknown[]) => Promise<unknown>)('key', 'field');

async function counted(name: 'cacheReads' | 'cacheWrites'): Promise<Record<string, number>> {
  const { values } = await metrics[name].get();
  return Object.fromEntries(values.filter(({ value }) => value > 0).map(({ labels, value }) => [`${labels.cache} ${labels.outcome}`, value])); // prettier-ignore
}

const away = () => Promise.reject(new GuardError('GUARD_CACHE_AWAY', 'It is a test.'));
const refused = () => Promise.reject(new GuardError('GUARD_CACHE_REFUSED', 'It is a test.'));

describe('a cache that the host may call', () => {
  it('hands on what it is given, and gives what is answered', async () => {
    const calls: unknown[] = [];
    answer = (method, args) => Promise.resolve(calls.push([method, ...args]));
    const answers = [
      await cache.get('a'),
      await cache.hGet('a', 'f'),
      await cache.has('a'),
      await cache.keys('a'),
      await cache.set('a', 1, 2),
      await cache.hSet('a', 'f', 1),
      await cache.delete(['a', 'b']),
      await cache.hDelete('a', 'f'),
      await cache.deleteAll('a'),
    ];
    expect(calls).toEqual([
      ['get', 'a'],
      ['hGet', 'a', 'f'],
      ['has', 'a'],
      ['keys', 'a'],
      ['set', 'a', 1, 2],
      ['hSet', 'a', 'f', 1],
      ['delete', ['a', 'b']],
      ['hDelete', 'a', 'f'],
      ['deleteAll', 'a'],
    ]);
    expect(answers).toEqual([1, 2, 3, 4, undefined, undefined, 7, 8, 9]);
  });

  it.each([...READS, ...WRITES])('answers %s with undefined where it fails', async (method) => {
    for (const failing of [away, refused, () => Promise.reject(new Error('any'))]) {
      answer = failing;
      await expect(call(method)).resolves.toBeUndefined();
    }
  });

  it.each(READS)('counts %s that failed as unknown', async (method) => {
    answer = away;
    await call(method);
    expect([await counted('cacheReads'), await counted('cacheWrites')]).toEqual([{ 'instance unknown': 1 }, {}]);
  });

  it.each(WRITES)('counts %s as done or failed', async (method) => {
    await call(method);
    await call(method);
    answer = away;
    await call(method);
    expect(await counted('cacheWrites')).toEqual({ 'instance done': 2, 'instance failed': 1 });
    expect(await counted('cacheReads')).toEqual({});
  });

  it.each([
    ['get', 'value', null],
    ['get', 0, null],
    ['get', false, undefined],
    ['hGet', '', null],
    ['has', true, false],
    ['keys', ['a'], []],
  ] as const)('counts %s of %j as a hit, of %j as a miss', async (method, hit, miss) => {
    for (const value of [hit, hit, miss]) {
      answer = () => Promise.resolve(value);
      await call(method);
    }
    expect(await counted('cacheReads')).toEqual({ 'instance hit': 2, 'instance miss': 1 });
  });

  it('counts each module for itself', async () => {
    await call('get');
    await call('set');
    cache = tolerant('groups');
    await call('get');
    expect(await counted('cacheReads')).toEqual({ 'instance hit': 1, 'groups hit': 1 });
    expect(await counted('cacheWrites')).toEqual({ 'instance done': 1 });
  });

  it.each(['get', 'set'] as const)('measures the time of every sixteenth %s, of one that fails too', async (method) => {
    for (let number = 0; number < 32; number++) {
      const outcome = number < 16 ? () => Promise.resolve(1) : away;
      answer = () => outcome().finally(() => (milliseconds += 250));
      await call(method);
    }
    const { values } = await metrics.cacheSeconds.get();
    const figures = values.map(({ metricName, value }) => [metricName?.replace('guard_cache_call_seconds', ''), value]);
    expect(figures.filter(([name]) => name !== '_bucket')).toEqual([['_sum', 0.5], ['_count', 2]]); // prettier-ignore
  });
});

describe('what the operator is told of a cache that fails', () => {
  it('is a line with code, module and reason', async () => {
    answer = refused;
    await call('hSet');
    const line = { level: 'error', fields: { code: 'GUARD_CACHE_REFUSED', cache: 'instance' }, message: 'a call to the cache failed' }; // prettier-ignore
    expect(log.lines).toMatchObject([line]);
    expect(log.lines[0]?.fields.detail).toContain('It is a test.');
  });

  it('is each code once in ten seconds, whatever the calls', async () => {
    const told = async (code: 'GUARD_CACHE_REFUSED' | 'GUARD_CACHE_DELETE', method: Method, at: number) => {
      const before = log.lines.length;
      milliseconds = at;
      answer = () => Promise.reject(new GuardError(code, 'It is a test.'));
      await call(method);
      return log.lines.slice(before).map(({ fields }) => fields.code);
    };
    expect(await told('GUARD_CACHE_REFUSED', 'get', 0)).toEqual(['GUARD_CACHE_REFUSED']);
    expect(await told('GUARD_CACHE_REFUSED', 'set', 5_000)).toEqual([]);
    expect(await told('GUARD_CACHE_DELETE', 'delete', 6_000)).toEqual(['GUARD_CACHE_DELETE']);
    expect(await told('GUARD_CACHE_REFUSED', 'get', 9_999)).toEqual([]);
    expect(await told('GUARD_CACHE_REFUSED', 'get', 10_000)).toEqual(['GUARD_CACHE_REFUSED']);
    expect(await told('GUARD_CACHE_DELETE', 'delete', 15_999)).toEqual([]);
    expect(await told('GUARD_CACHE_REFUSED', 'get', 19_999)).toEqual([]);
  });

  it.each(['GUARD_CACHE_AWAY', 'GUARD_CACHE_LATE'] as const)('is nothing of %s, which the link tells', async (code) => {
    answer = () => Promise.reject(new GuardError(code, 'It is a test.'));
    await call('get');
    await call('set');
    expect(log.lines).toEqual([]);
  });

  it('is an error that nobody expected as well', async () => {
    answer = () => Promise.reject(new TypeError('broken'));
    await call('get');
    expect(log.lines).toMatchObject([{ level: 'error', fields: { code: 'unexpected', detail: 'broken' } }]);
  });
});
