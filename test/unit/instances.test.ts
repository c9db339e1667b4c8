import { describe, expect, it } from '@jest/globals';
import { Instances, type InstancesOptions } from '../../src/instances/instances';
import { Operations, type Kind, type Plans } from '../../src/instances/operations';
import { createMetrics } from '../../src/metrics/metrics';
import type { HostInstance } from '../../src/stores/host-rows';
import type { Tombstone } from '../../src/stores/instance-store';
import { RecordingLive } from '../helpers/instance-rig';
import { MemoryOperations } from '../helpers/memory-operations';
import { recordingLog } from '../helpers/recording-log';
import { until } from '../helpers/until';

const KINDS: Kind[] = ['logout', 'delete', 'restore', 'purge'];
const shop: HostInstance = {
  ...{ id: 'id-shop', name: 'shop', connectionStatus: 'open', ownerJid: '5511@s.whatsapp.net', token: null },
  ...{ integration: 'WHATSAPP-BAILEYS', number: null, businessId: null, clientName: 'client' },
};

/** Instances of a host with one of them; of work on it only the kinds are noted. */
function rigOf(options: Partial<InstancesOptions> & { row?: Partial<HostInstance>; wasPaired?: boolean } = {}) {
  const { row, wasPaired = false, ...rest } = options;
  const done: string[] = [];
  const notes: string[] = [];
  const time = { now: 1_000_000 };
  const log = recordingLog();
  const live = new RecordingLive();
  const doubt = { is: false };
  const unlinks = new Map<string, () => Promise<void>>();
  /** What a step waits for. */
  const gate: { is: Promise<void> } = { is: Promise.resolve() };
  const work = (kind: Kind) => ({
    name: 'only',
    async run({ instanceId, data }: { instanceId: string; data: Record<string, unknown> }) {
      await unlinks.get(instanceId)?.();
      await gate.is;
      done.push(`${kind}: ${String(data.reason)}`);
    },
  });
  const plans = Object.fromEntries(KINDS.map((kind) => [kind, [work(kind)]])) as unknown as Plans;
  let ids = 0;
  const clock = { now: () => 0, monotonic: () => time.now };
  const operations = new Operations({
    ...{ store: new MemoryOperations().store, plans, owner: 'one', newId: () => `operation-${(ids += 1)}`, clock, log },
    ...{ random: () => 0, metrics: createMetrics() },
  });
  const instances = new Instances({
    store: {
      findTombstones: () => Promise.resolve([{ instanceId: 'id-shop', name: 'shop' } as Tombstone]),
      note: ({ event, reason }) => Promise.resolve(void notes.push(`${event}: ${reason}`)),
    },
    host: {
      findByName: (name) => Promise.resolve(name === 'shop' ? { ...shop, ...row } : undefined),
      wasPaired: () => Promise.resolve(wasPaired),
    },
    ...{ operations, live, unlinks, isDoubtful: () => doubt.is, delTemp: true, clock, log },
    ...rest,
  });
  return { instances, operations, live, done, notes, time, doubt, gate, log };
}

describe('a logout', () => {
  it('is not one more where the host speaks of the old socket within three seconds after a reset', async () => {
    const { instances, done, time } = rigOf();
    expect(await instances.happened('shop', 'logged out (401)')).toBe('reset');
    time.now += 2_999;
    for (const echo of ['logged out (401)', 'forbidden (403)', 'refused (402, 406)'] as const)
      expect(await instances.happened('shop', echo)).toBe('keep');
    expect(done).toEqual(['logout: logged out (401)']);
    time.now += 1;
    expect(await instances.happened('shop', 'logged out (401)')).toBe('reset');
  });

  it('is not one more while a user’s is under way, nor just after it', async () => {
    const { instances, done } = rigOf();
    const echoes: unknown[] = [];
    await instances.logout('shop', async () => void echoes.push(await instances.happened('shop', 'logged out (401)')));
    echoes.push(await instances.happened('shop', 'logged out (401)'));
    expect([echoes, done]).toEqual([['keep', 'keep'], ['logout: user logout']]);
  });

  it('is a new one as soon as the instance was connected again', async () => {
    const { instances, done } = rigOf();
    await instances.happened('shop', 'logged out (401)');
    instances.opened('id-shop');
    expect(await instances.happened('shop', 'logged out (401)')).toBe('reset');
    expect(done).toHaveLength(2);
  });

  it('is done again when a user asks for it, however short after the last', async () => {
    const { instances, done } = rigOf();
    let told = 0;
    for (let time = 0; time < 2; time += 1) await instances.logout('shop', () => Promise.resolve(void (told += 1)));
    expect([told, done.length]).toEqual([2, 2]);
  });
});

describe('a 401 shortly after a disconnect that is none', () => {
  it('is checked by one reconnect, and the second one resets', async () => {
    const { instances, live, done, notes, doubt } = rigOf();
    doubt.is = true;
    expect(await instances.happened('shop', 'logged out (401)')).toBe('keep');
    expect([live.done, done]).toEqual([['reconnect id-shop'], []]);
    expect(notes).toEqual(['checked by a reconnect: logged out (401)']);
    expect(await instances.happened('shop', 'logged out (401)')).toBe('reset');
    expect([live.done, done]).toEqual([['reconnect id-shop'], ['logout: logged out (401)']]);
  });

  it('is checked anew when the reconnect went well', async () => {
    const { instances, live, done, doubt } = rigOf();
    doubt.is = true;
    for (let time = 0; time < 2; time += 1) {
      expect(await instances.happened('shop', 'logged out (401)')).toBe('keep');
      instances.opened('id-shop');
    }
    expect([live.done.length, done]).toEqual([2, []]);
  });

  it('is the only one that is checked', async () => {
    const { instances, doubt } = rigOf();
    doubt.is = true;
    expect(await instances.happened('shop', 'forbidden (403)')).toBe('reset');
  });
});

describe('an instance', () => {
  it.each([
    ['has an owner', {}, false, 'keep'],
    ['has none now, and was connected once', { row: { ownerJid: null } }, true, 'keep'],
    ['never was connected', { row: { ownerJid: null } }, false, 'tombstone'],
    ['is of a channel that pairs nothing', { row: { ownerJid: null, integration: 'EVOLUTION' } }, false, 'keep'],
    ['names no channel', { row: { ownerJid: null, integration: null } }, false, 'tombstone'],
  ] as const)('that %s counts as such for a timer', async (_words, options, wasPaired, decision) => {
    const { instances } = rigOf({ ...options, wasPaired });
    expect(await instances.happened('shop', 'DEL_INSTANCE timer')).toBe(decision);
  });

  it('is kept where its history cannot be written, and the log says so', async () => {
    const store = {
      findTombstones: () => Promise.resolve([]),
      note: () => Promise.reject(new Error('the database is away')),
    };
    const { instances, log } = rigOf({ store });
    expect(await instances.happened('shop', 'restart')).toBe('keep');
    expect(log.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('lacks') }),
    );
  });

  it('that is purged is waited for until that is certain, and no longer', async () => {
    const { instances, gate, done } = rigOf();
    let goOn: () => void = () => undefined;
    gate.is = new Promise((resolve) => (goOn = resolve));
    await instances.purge('shop');
    expect(done).toEqual([]);
    goOn();
    await until(() => done.length === 1);
  });

  it('is not purged where the host stops: whoever asks is told', async () => {
    const { instances, operations } = rigOf();
    await operations.stop();
    await expect(instances.purge('shop')).rejects.toThrow('the host stops');
  });
});
