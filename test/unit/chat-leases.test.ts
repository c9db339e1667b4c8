import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ChatLeases } from '../../src/sends/chat-leases';
import { createMetrics, type Metrics } from '../../src/metrics/metrics';
import { MemoryLocks, type MemoryLock } from '../helpers/memory-locks';
import { recordingLog, type RecordingLog } from '../helpers/recording-log';

const LEASE_MS = 9_000;
const clock = { now: () => jest.now(), monotonic: () => jest.now() };

describe('leases of chats', () => {
  let locks: MemoryLocks;
  let leases: ChatLeases<MemoryLock>;
  let log: RecordingLog;
  let metrics: Metrics;
  const going = new AbortController().signal;

  beforeEach(() => {
    jest.useFakeTimers({ now: 1_000_000, doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    locks = new MemoryLocks(() => jest.now());
    log = recordingLog();
    metrics = createMetrics();
    leases = leasesWith('process');
  });

  afterEach(() => {
    leases.stop();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  const leasesWith = (fallback: 'process' | 'refuse', random = () => 0) =>
    new ChatLeases({ locks, leaseMs: LEASE_MS, fallback, clock, random, log, metrics });
  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);
  const count = (what: string) => locks.asked.filter((each) => each === what).length;
  const isUp = async () => (await metrics.sendsLocksUp.get()).values[0]?.value;

  it('are got once for many sends, and given back when the chat has no work left', async () => {
    const lease = await leases.hold('a', going);
    for (let send = 0; send < 50; send += 1) expect(await leases.hold('a', going)).toBe(lease);
    expect(locks.asked).toEqual(['acquire']);
    leases.drop('a');
    expect(lease.isHeld()).toBe(false);
    await pass(1);
    expect([locks.asked, locks.isHeld('a')]).toEqual([['acquire', 'release'], false]);
    leases.drop('a');
    expect(await leases.hold('a', going)).not.toBe(lease);
  });

  it('are apart for each chat', async () => {
    const [one, other] = [await leases.hold('a', going), await leases.hold('b', going)];
    leases.drop('a');
    expect([one.isHeld(), other.isHeld()]).toEqual([false, true]);
  });

  it('are extended for as long as there is work', async () => {
    const lease = await leases.hold('a', going);
    for (let third = 0; third < 30; third += 1) {
      await pass(LEASE_MS / 3);
      expect([lease.isHeld(), locks.isHeld('a')]).toEqual([true, true]);
    }
    expect([count('acquire'), count('extend')]).toEqual([1, 30]);
    leases.drop('a');
    await pass(10 * LEASE_MS);
    expect(count('extend')).toBe(30);
  });

  it('outlive one extension that fails', async () => {
    const lease = await leases.hold('a', going);
    locks.isAway = true;
    await pass(LEASE_MS / 3);
    locks.isAway = false;
    await pass(LEASE_MS / 3);
    expect(count('extend')).toBe(2);
    await pass(LEASE_MS / 3);
    expect([lease.isHeld(), locks.isHeld('a')]).toEqual([true, true]);
  });

  it('are over at their end when they cannot be extended, and not before', async () => {
    const lease = await leases.hold('a', going);
    locks.isAway = true;
    await pass(LEASE_MS - 1);
    expect(lease.isHeld()).toBe(true);
    await pass(1);
    expect(lease.isHeld()).toBe(false);
    locks.isAway = false;
    await pass(LEASE_MS);
    expect(lease.isHeld()).toBe(false);
  });

  it('are over as soon as it is seen that somebody else has the lock', async () => {
    const lease = await leases.hold('a', going);
    locks.steal('a', 2_000);
    await pass(LEASE_MS / 3);
    expect(lease.isHeld()).toBe(false);
    const again = await leases.hold('a', going);
    expect([again === lease, again.isHeld(), count('acquire')]).toEqual([false, true, 2]);
  });

  it('are not revived by an extension that is answered after they were given back', async () => {
    const lease = await leases.hold('a', going);
    let answer: (lock: MemoryLock) => void = () => undefined;
    locks.extend = () => new Promise((resolve) => (answer = resolve));
    await pass(LEASE_MS / 3);
    leases.drop('a');
    answer({ key: 'a', token: 1, until: Infinity });
    await pass(LEASE_MS);
    expect(lease.isHeld()).toBe(false);
  });

  it('are waited for while another process has the lock', async () => {
    locks.steal('a', 50);
    const waiting = leases.hold('a', going);
    while (count('acquire') < 3) await new Promise(setImmediate); // pauses of who waits are real ones
    await pass(50);
    expect((await waiting).isHeld()).toBe(true);
    const { values } = await metrics.sendsLockWait.get();
    expect(values.find(({ metricName }) => metricName?.endsWith('_sum'))?.value).toBe(0.05);
  });

  it('are not waited for any longer when the host is being stopped', async () => {
    locks.steal('a');
    const stopping = new AbortController();
    const waiting = leases.hold('a', stopping.signal);
    await pass(1);
    stopping.abort();
    await expect(waiting).rejects.toThrow(/GUARD_SENDS_STOPPING/);
  });

  it('are those of this process alone while the servers are away, with one alarm', async () => {
    locks.isAway = true;
    const lease = await leases.hold('a', going);
    expect([lease.isHeld(), await isUp()]).toEqual([true, 0]);
    await leases.hold('b', going);
    expect(count('acquire')).toBe(1); // for a second nobody asks again
    await pass(1_000);
    await leases.hold('b', going);
    expect(count('acquire')).toBe(2);
    const alarm = { level: 'error', fields: { code: 'GUARD_SENDS_LOCKS_DOWN' } };
    expect(log.lines).toMatchObject([{ ...alarm, message: expect.stringContaining('the lock server is away') }]);

    locks.isAway = false;
    await pass(1_000);
    await leases.hold('a', going);
    expect([locks.isHeld('a'), await isUp()]).toEqual([true, 1]);
    expect(log.lines.slice(1)).toMatchObject([{ level: 'info' }]);
    locks.isAway = true;
    await leases.hold('c', going);
    expect([log.lines.length, await isUp()]).toEqual([3, 0]);
  });

  it('are refused while the servers are away, where the settings say so', async () => {
    leases = leasesWith('refuse');
    locks.isAway = true;
    for (let time = 0; time < 2; time += 1) {
      await expect(leases.hold('a', going)).rejects.toThrow(/GUARD_SENDS_LOCKS_DOWN.*Nothing was sent\./);
    }
    locks.isAway = false;
    await pass(1_000);
    expect((await leases.hold('a', going)).isHeld()).toBe(true);
  });

  it('that are held are good until their end while the servers are away, whatever the settings say', async () => {
    leases = leasesWith('refuse');
    const lease = await leases.hold('a', going);
    locks.isAway = true;
    await pass(LEASE_MS - 1);
    expect(await leases.hold('a', going)).toBe(lease);
    await pass(1);
    await expect(leases.hold('a', going)).rejects.toThrow(/GUARD_SENDS_LOCKS_DOWN/);
  });

  it('are always there without a Redis', async () => {
    const alone = new ChatLeases({
      locks: undefined,
      leaseMs: LEASE_MS,
      fallback: 'refuse',
      clock,
      random: () => 0,
      log,
      metrics,
    });
    const lease = await alone.hold('a', going);
    await pass(100 * LEASE_MS);
    expect(lease.isHeld()).toBe(true);
    alone.drop('a');
    alone.stop();
  });

  it('are all given back at the end', async () => {
    for (const chat of ['a', 'b', 'c']) await leases.hold(chat, going);
    leases.stop();
    await pass(1);
    expect(['a', 'b', 'c'].map((chat) => locks.isHeld(chat))).toEqual([false, false, false]);
  });
});
