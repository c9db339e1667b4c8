import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ConnectionState, StateRecord } from '../../src/stores/instance-store';
import type { Connection } from '../../src/instances/connection';
import { States } from '../../src/instances/states';
import { createMetrics, type Metrics } from '../../src/metrics/metrics';
import { valueOf } from '../helpers/connection-rig';
import { MemoryInstances } from '../helpers/memory-instances';
import { recordingLog, type RecordingLog } from '../helpers/recording-log';
import { until } from '../helpers/until';

const connectionWith = (name: string, state: ConnectionState = 'close'): Connection => ({
  name,
  instanceId: `id-${name}`,
  state,
  socket: undefined,
});
const shop = connectionWith('shop');

describe('states of connections', () => {
  let instances: MemoryInstances;
  let states: States;
  let log: RecordingLog;
  let metrics: Metrics;
  let now: number;

  beforeEach(() => {
    now = 1_000_000;
    instances = new MemoryInstances(() => now);
    [log, metrics] = [recordingLog(), createMetrics()];
    states = statesOf('this-process');
  });

  afterEach(() => states.stop());

  const statesOf = (owner: string) => {
    const clock = { now: () => now, monotonic: () => now };
    return new States({ store: instances.store, owner, clock, random: () => 0, log, metrics });
  };
  const record = (id = 'id-shop') => instances.records.get(id);
  const versionOf = (version: number) => until(() => record()?.version === version, record);
  /** What a process wrote that is gone, or another one. */
  const leave = (state: ConnectionState, owner = 'another-process') =>
    instances.store.changeState({ instanceId: 'id-shop', name: 'shop', state, reason: '', owner }, 0);
  const away = () => {
    throw new Error('the database is away');
  };

  it('are written in the order in which they came, each a version above the last', async () => {
    states.seen(shop, 'connecting', 'connecting');
    states.seen(shop, 'open', 'connected');
    states.seen(shop, 'close', 'connection closed (428)');
    await versionOf(3);
    expect(record()).toMatchObject({ state: 'close', reason: 'connection closed (428)', owner: 'this-process' });
    expect(instances.eventsOf('id-shop')).toEqual(['new -> connecting', 'connecting -> open', 'open -> close']);
    expect(await valueOf(metrics, 'instanceStates')).toBe(3);
  });

  it('are no change where they repeat the last one', async () => {
    for (let time = 0; time < 5; time += 1) states.seen(shop, 'open', 'connected');
    states.seen(shop, 'close', 'the end');
    await versionOf(2);
    expect(instances.entries).toHaveLength(2);
  });

  it('are tried until they are in while the database is away, with the newest ones for certain', async () => {
    instances.before = away;
    for (let time = 0; time < 50; time += 1) states.seen(shop, time % 2 ? 'open' : 'connecting', `change ${time}`);
    states.seen(connectionWith('bar'), 'open', 'connected');
    await log.until(() => log.lines.length > 0);
    await until(() => instances.asked.length > 6);
    expect(await valueOf(metrics, 'instanceStatesWaiting')).toBe(2);
    instances.before = () => undefined;
    await versionOf(10);
    expect(instances.entries.filter(({ name }) => name === 'shop').map(({ reason }) => reason)).toEqual(
      Array.from({ length: 10 }, (_, index) => `change ${40 + index}`),
    );
    expect(record('id-bar')?.state).toBe('open');
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    await until(async () => (await valueOf(metrics, 'instanceStatesWaiting')) === 0);
    expect(await valueOf(metrics, 'instanceStatesSkipped')).toBe(40);
  });

  it('are all written that came while an older one was being written', async () => {
    let answer = () => {};
    instances.before = () => new Promise((resolve) => (answer = resolve));
    states.seen(shop, 'connecting', 'change 0');
    await until(() => instances.asked.length === 1);
    for (let time = 1; time <= 10; time += 1) states.seen(shop, time % 2 ? 'open' : 'connecting', `change ${time}`);
    instances.before = () => undefined;
    answer();
    await versionOf(11);
    expect(instances.entries.map(({ reason }) => reason)).toEqual(
      Array.from({ length: 11 }, (_, index) => `change ${index}`),
    );
  });

  it('are written once where the answer of the database was lost', async () => {
    instances.after = (method) => {
      instances.after = () => undefined;
      if (method === 'changeState') throw new Error('the answer is lost');
    };
    states.seen(shop, 'open', 'connected');
    states.seen(shop, 'close', 'the end');
    await versionOf(2);
    expect(instances.eventsOf('id-shop')).toEqual(['new -> open', 'open -> close']);
  });

  it('go on from what somebody else has written meanwhile', async () => {
    await leave('open');
    states.seen(shop, 'connecting', 'connecting');
    await versionOf(2);
    const change = { instanceId: 'id-shop', name: 'shop', reason: 'reset' };
    await instances.store.changeState({ ...change, state: 'close', owner: 'a person' }, 2);
    states.seen(shop, 'open', 'connected');
    await versionOf(4);
    expect(record()).toMatchObject({ state: 'open', owner: 'this-process' });
    await instances.store.changeState({ ...change, state: 'connecting', owner: 'this-process' }, 4);
    states.seen(shop, 'close', 'the end');
    await versionOf(6);
    expect(record()).toMatchObject({ state: 'close', owner: 'this-process' });
  });

  it('close what a process has left open that is gone', async () => {
    await leave('open');
    states.seen(shop, 'close', 'logged out (401)');
    await versionOf(2);
    expect(record()).toMatchObject({ state: 'close', owner: 'this-process' });
  });

  it('do not close what another process has opened since', async () => {
    const other = statesOf('another-process');
    states.seen(shop, 'open', 'connected');
    await versionOf(1);
    const replica = connectionWith('shop');
    other.seen(replica, 'connecting', 'connecting');
    other.seen(replica, 'open', 'connected');
    await versionOf(3);
    states.seen(shop, 'close', 'replaced by another connection with the same session (440)');
    await states.stop();
    expect(record()).toMatchObject({ version: 3, state: 'open', owner: 'another-process' });
    await other.stop();
  });

  it('are changed by others a few times in a row at most, then tried again later', async () => {
    let rivals = 0;
    instances.before = () => {
      if (rivals === 7) return;
      rivals += 1;
      const known = record();
      const version = (known?.version ?? 0) + 1;
      instances.records.set('id-shop', { ...(known as StateRecord), version, state: 'close', owner: 'a rival' });
    };
    states.seen(shop, 'open', 'connected');
    await until(() => record()?.state === 'open');
    expect(log.lines[0]?.fields['detail']).toMatch(/changed by others/);
    expect(record()?.version).toBe(8);
  });

  it('are written at first sight of an instance that has none', async () => {
    await leave('open');
    now += 1_000;
    await states.sight([shop, connectionWith('bar', 'open'), connectionWith('new')]);
    await until(() => instances.records.size === 3);
    expect(record('id-bar')).toMatchObject({ state: 'open', reason: 'first seen' });
    expect(record()).toMatchObject({ version: 1, state: 'open' }); // the other process may well have it
    const asked = instances.asked.length;
    await states.sight([shop]);
    expect(instances.asked).toHaveLength(asked);
  });

  it('are what others have written since, and not what was only looked at', async () => {
    instances.before = async (method) => {
      if (method !== 'changeState') return;
      instances.before = () => undefined;
      await leave('close');
    };
    await states.sight([connectionWith('shop', 'open')]);
    await states.stop();
    expect(record()).toMatchObject({ version: 1, state: 'close', owner: 'another-process' });
    expect(log.lines).toEqual([]);
  });

  it('are corrected at first sight where an old one speaks of a connection that is not there', async () => {
    await leave('open');
    now += 601_000;
    await states.sight([shop]);
    await versionOf(2);
    expect(record()).toMatchObject({ state: 'close', reason: 'not connected when it was loaded' });
  });

  it('are told to whoever listens, once they are in the database', async () => {
    const heard: string[] = [];
    states.onChange(() => {
      throw new Error('a bad listener');
    });
    const leaveOff = states.onChange(({ state, version }, name) => heard.push(`${name} ${state} ${version}`));
    states.seen(shop, 'connecting', 'connecting');
    states.seen(shop, 'open', 'connected');
    await until(() => heard.length === 2);
    leaveOff();
    states.seen(shop, 'close', 'the end');
    await versionOf(3);
    expect(heard).toEqual(['shop connecting 1', 'shop open 2']);
    expect(log.lines[0]?.fields['detail']).toBe('a bad listener');
  });

  it('do not hold up the end of the host when the database does not answer', async () => {
    let answer = () => {};
    instances.before = () => new Promise((resolve) => (answer = resolve));
    states.seen(shop, 'open', 'connected');
    const since = performance.now();
    await states.stop();
    expect(performance.now() - since).toBeLessThan(4_000);
    answer();
  });
});
