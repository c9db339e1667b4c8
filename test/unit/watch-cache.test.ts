import { describe, expect, it } from '@jest/globals';
import { EventEmitter, once } from 'node:events';
import type { AuditReport } from '../../src/cache/audit/audit-cache';
import type { ReplicaLag } from '../../src/cache/replica-lags';
import { startCacheWatch, type CacheWatchOptions } from '../../src/cache/watch-cache';
import { every } from '../../src/core/cron';
import { GuardError } from '../../src/core/errors';
import type { RedisPrimary, RedisReplica } from '../../src/stores/redis/redis-link';
import { recordingLog } from '../helpers/recording-log';

const REPORT: AuditReport = {
  keys: { instance: 2, baileys: 0, groups: 0, chatwoot: 0, other: 0 },
  instances: 1,
  found: { orphan: 0, stale: 0, missing: 0 },
  repaired: 0,
  findings: [],
};

const primaryWith = (...replicas: (Partial<RedisReplica> & { address: string })[]): RedisPrimary => ({
  address: 'primary:1',
  info: new Map(),
  replicas: replicas.map((replica) => ({ lagSeconds: 0, behindBytes: 0, isOnline: true, ...replica })),
});

/** A watch whose clock is in the hands of the test: each measurement is of a moment. */
function start(options: Partial<CacheWatchOptions> = {}) {
  const log = recordingLog();
  const measured = new EventEmitter();
  const figures: { lags: readonly ReplicaLag[]; audits: unknown[] } = { lags: [], audits: [] };
  let answer: () => Promise<RedisPrimary[]> = () => Promise.resolve([]);
  let seconds = 0;
  let auditNow: () => Promise<void> = () => Promise.resolve();
  const watch = startCacheWatch({
    link: {
      primaries: () => answer().finally(() => setImmediate(() => measured.emit('measured'))),
    },
    lagSeconds: 10,
    figures: {
      replicas: (lags) => (figures.lags = lags),
      audited: (report, at) => figures.audits.push([report, at]),
      auditFailed: (code) => figures.audits.push(code),
    },
    clock: { now: () => 5, monotonic: () => seconds * 1_000 },
    log,
    everyMs: 1,
    schedule: (_setting, _expression, run) => ((auditNow = () => run(0)), () => undefined),
    ...options,
  });
  return {
    watch,
    log,
    figures,
    /** @returns what was logged at that moment and after. */
    at: async (second: number, primaries: () => Promise<RedisPrimary[]>) => {
      const before = log.lines.length;
      [seconds, answer] = [second, primaries];
      for (let round = 0; round < 3; round += 1) await once(measured, 'measured');
      return log.lines.slice(before).filter(({ level }) => level !== 'debug');
    },
    audit: () => auditNow(),
  };
}

const given = (primary: RedisPrimary) => () => Promise.resolve([primary]);

describe('the watch over replicas', () => {
  it('logs an error once when one is beyond the limit, and when it has caught up', async () => {
    const { watch, at, figures } = start();
    expect(await at(0, given(primaryWith({ address: 'a:1', lagSeconds: 10 })))).toEqual([]);
    const late = await at(1, given(primaryWith({ address: 'a:1', lagSeconds: 11, behindBytes: 77 })));
    expect(late).toMatchObject([
      { level: 'error', fields: { code: 'GUARD_CACHE_LAG', replica: 'a:1', lagSeconds: 11, behindBytes: 77 } },
    ]);
    expect(await at(2, given(primaryWith({ address: 'a:1', lagSeconds: 12 })))).toEqual([]);
    expect(figures.lags).toEqual([{ address: 'a:1', lagSeconds: 12, behindBytes: 0, isOnline: true }]);
    expect(await at(3, given(primaryWith({ address: 'a:1' })))).toMatchObject([
      { level: 'info', message: 'the replica has caught up' },
    ]);
    await watch.stop();
  });

  it('goes on counting where the primary no longer lists it, or copies to it', async () => {
    const { watch, at, figures } = start();
    await at(0, given(primaryWith({ address: 'a:1' }, { address: 'b:1' })));
    expect(await at(10, given(primaryWith({ address: 'b:1', isOnline: false })))).toEqual([]);
    const late = await at(11, given(primaryWith({ address: 'b:1', isOnline: false })));
    expect(late.map(({ fields }) => fields['replica'])).toEqual(['a:1', 'b:1']);
    expect(figures.lags).toMatchObject([
      { address: 'a:1', lagSeconds: 11, isOnline: false },
      { address: 'b:1', lagSeconds: 11, isOnline: false },
    ]);
    await watch.stop();
  });

  it('expects one no longer when another has taken its place, it is the primary, or a day is over', async () => {
    const { watch, at, figures } = start();
    await at(0, given(primaryWith({ address: 'a:1' }, { address: 'b:1' }, { address: 'c:1' })));
    expect(await at(20, given({ ...primaryWith(), address: 'a:1' }))).toHaveLength(2);
    expect(await at(30, given(primaryWith({ address: 'd:1' })))).toMatchObject([
      { level: 'info', message: 'the replica is no longer expected' },
    ]);
    expect(figures.lags.map(({ address }) => address)).toEqual(['c:1', 'd:1']);
    await at(86_500, given(primaryWith({ address: 'd:1' })));
    expect(figures.lags.map(({ address }) => address)).toEqual(['d:1']);
    await watch.stop();
  });

  it('goes on where nothing can be measured', async () => {
    const { watch, at, figures } = start();
    await at(0, given(primaryWith({ address: 'a:1' })));
    expect(await at(5, () => Promise.reject(new GuardError('GUARD_CACHE_AWAY', 'none')))).toEqual([]);
    await at(6, given(primaryWith({ address: 'a:1', lagSeconds: 3 })));
    expect(figures.lags).toMatchObject([{ lagSeconds: 3 }]);
    await watch.stop();
  });
});

describe('a scheduled audit', () => {
  const audited = (run: (signal: AbortSignal) => Promise<AuditReport>) => start({ audit: { cron: '0 4 * * *', run } });

  it('that finds nothing says so', async () => {
    const { watch, audit, log, figures } = audited(() => Promise.resolve(REPORT));
    await audit();
    expect(figures.audits).toEqual([[REPORT, 5]]);
    expect(log.lines).toMatchObject([{ level: 'info', message: 'the cache and the database agree' }]);
    await watch.stop();
  });

  it('that finds something names the first of it', async () => {
    const finding = { kind: 'orphan', cause: 'no-instance', key: 'p:instance:x', module: 'instance', why: '' } as const;
    const findings = Array.from({ length: 30 }, () => ({ ...finding, isRepaired: false }));
    const report = { ...REPORT, found: { ...REPORT.found, orphan: 30 }, findings };
    const { watch, audit, log } = audited(() => Promise.resolve(report));
    await audit();
    const [line] = log.lines;
    expect(line).toMatchObject({ level: 'warn', fields: { found: { orphan: 30 } } });
    expect(line?.fields['first']).toEqual(Array.from({ length: 20 }, () => 'no-instance p:instance:x'));
    await watch.stop();
  });

  it('that fails is told of with its code', async () => {
    const { watch, audit, log, figures } = audited(() => Promise.reject(new GuardError('GUARD_CACHE_AWAY', 'none')));
    await audit();
    expect([figures.audits, log.lines]).toMatchObject([['GUARD_CACHE_AWAY'], [{ level: 'error' }]]);
    await watch.stop();
  });

  it('is given up when the process ends', async () => {
    const { watch, audit, log, figures } = audited(
      (signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('given up')))),
    );
    const running = audit();
    await watch.stop();
    await running;
    expect([figures.audits, log.lines]).toEqual([[], []]);
  });

  it('of an expression that is none is a mistake in the settings', () => {
    const audit = { cron: 'every day', run: () => Promise.resolve(REPORT) };
    expect(() => start({ audit, schedule: every })).toThrow(/GUARD_CACHE_AUDIT_CRON/);
  });
});
