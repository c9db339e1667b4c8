import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { delInstanceMs, InstancesHandler, type InstancesHandlerOptions } from '../../src/host/instances-handler';
import type { Monitor } from '../../src/host/shapes';
import type { Decision } from '../../src/instances/decisions';
import { recordingLog } from '../helpers/recording-log';

const settled = () => jest.advanceTimersByTimeAsync(0);

describe('the handler of what the host tells of instances', () => {
  const log = recordingLog();
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => {
    jest.useRealTimers();
    log.lines.length = 0;
  });

  function rigOf(options: Partial<InstancesHandlerOptions> = {}) {
    const told: unknown[] = [];
    const channel = (name: string) => ({
      instanceId: `id-${name}`,
      connectionStatus: { state: 'close' },
      sendDataWebhook: (event: string, data: unknown) =>
        Promise.resolve(void told.push(['webhook', name, event, data])),
      clearCacheChatwoot: () => void told.push(['chatwoot', name]),
    });
    const waInstances: Record<string, ReturnType<typeof channel>> = { shop: channel('shop'), stock: channel('stock') };
    const monitor = { waInstances } as unknown as Monitor;
    const handler = new InstancesHandler({
      monitor,
      isGuarded: (name) => name !== 'stock',
      happened: (name, trigger): Promise<Decision> => {
        told.push(['happened', name, trigger]);
        return Promise.resolve('tombstone');
      },
      logout: (name) => Promise.resolve(void told.push(['logout', name])),
      lastDisconnect: () => 'forbidden (403)',
      delInstanceMs: 60_000,
      delTemp: true,
      hasChatwoot: false,
      log,
      ...options,
    });
    return { handler, waInstances, told, channel };
  }

  const happened = ({ told }: ReturnType<typeof rigOf>) =>
    told.filter((each) => (each as string[])[0] === 'happened').map((each) => (each as string[]).slice(1));
  const never = () => {
    throw new Error('the host’s own way was taken');
  };

  it('gives every event its trigger', async () => {
    const rig = rigOf();
    rig.handler.event('logout.instance', 'shop', undefined, never);
    rig.handler.event('no.connection', 'shop', undefined, never);
    rig.handler.event('remove.instance', 'shop', undefined, never);
    rig.handler.event('remove.instance', 'shop', 'create', never);
    rig.handler.event('remove.instance', 'shop', 'delete', never);
    await settled();
    expect(happened(rig)).toEqual(
      ['forbidden (403)', 'QR limit', 'DEL_INSTANCE timer', 'create failed', 'user delete'].map((each) => [
        'shop',
        each,
      ]),
    );
  });

  it('leaves instances that are not in the rollout to the host', async () => {
    const rig = rigOf();
    const stock = jest.fn(() => Promise.resolve());
    for (const event of ['logout.instance', 'remove.instance', 'no.connection'] as const)
      rig.handler.event(event, 'stock', 'delete', stock);
    await rig.handler.logout('stock', stock);
    rig.handler.created('stock', () => void stock());
    await rig.handler.deleted('stock');
    expect([stock.mock.calls.length, rig.told]).toEqual([5, []]);
  });

  it('tells receivers of the event once it is decided', async () => {
    const rig = rigOf({ hasChatwoot: true });
    rig.handler.event('logout.instance', 'shop', undefined, never);
    await settled();
    expect(rig.told.slice(1)).toEqual([
      ['chatwoot', 'shop'],
      ['webhook', 'shop', 'logout.instance', null],
    ]);
  });

  it('tells nobody where nothing was done', async () => {
    const rig = rigOf({ happened: () => Promise.resolve('keep') });
    rig.handler.event('logout.instance', 'shop', undefined, never);
    await settled();
    expect(rig.told).toEqual([]);
  });

  it('tells the log what could not be seen to, and goes on', async () => {
    const rig = rigOf({ happened: () => Promise.reject(new Error('the database is away')) });
    rig.handler.event('remove.instance', 'shop', 'delete', never);
    await rig.handler.deleted('shop');
    expect(log.lines).toMatchObject([
      { level: 'error', fields: { instance: 'shop', trigger: 'user delete', detail: 'the database is away' } },
    ]);
  });

  describe('holds the answer to a delete', () => {
    /** @returns whether it was answered. */
    function answerOf(promise: Promise<void>): () => boolean {
      let isAnswered = false;
      void promise.then(() => (isAnswered = true));
      return () => isAnswered;
    }
    const slow = () => new Promise<Decision>(() => undefined);

    it('until that instance is out of memory', async () => {
      const rig = rigOf({ happened: slow });
      rig.handler.event('remove.instance', 'shop', 'delete', never);
      const isAnswered = answerOf(rig.handler.deleted('shop'));
      rig.handler.unloaded('id-other');
      await settled();
      expect(isAnswered()).toBe(false);
      rig.handler.unloaded('id-shop');
      await settled();
      expect([isAnswered(), jest.getTimerCount()]).toEqual([true, 0]);
    });

    it('until it is decided, where it is not in memory', async () => {
      let decide: (decision: Decision) => void = () => undefined;
      const rig = rigOf({ happened: () => new Promise((resolve) => (decide = resolve)) });
      rig.handler.event('remove.instance', 'not loaded', 'delete', never);
      const isAnswered = answerOf(rig.handler.deleted('not loaded'));
      rig.handler.unloaded('id-shop');
      await settled();
      expect(isAnswered()).toBe(false);
      decide('tombstone');
      await settled();
      expect(isAnswered()).toBe(true);
    });

    it('for five seconds and no longer', async () => {
      const rig = rigOf({ happened: slow });
      rig.handler.event('remove.instance', 'shop', 'delete', never);
      const isAnswered = answerOf(rig.handler.deleted('shop'));
      await jest.advanceTimersByTimeAsync(4_999);
      expect(isAnswered()).toBe(false);
      await jest.advanceTimersByTimeAsync(1);
      expect(isAnswered()).toBe(true);
    });

    it('not at all where nothing is being deleted', async () => {
      await rigOf().handler.deleted('shop');
      expect(jest.getTimerCount()).toBe(0);
    });

    it('of a second instance of that name while the first one is still being put away', async () => {
      const decisions: ((decision: Decision) => void)[] = [];
      const rig = rigOf({ happened: () => new Promise((resolve) => void decisions.push(resolve)) });
      rig.handler.event('remove.instance', 'shop', 'delete', never);
      rig.handler.unloaded('id-shop');
      await rig.handler.deleted('shop');
      rig.waInstances.shop = { ...rig.channel('shop'), instanceId: 'id-second' };
      rig.handler.event('remove.instance', 'shop', 'delete', never);
      decisions[0]?.('tombstone');
      await settled();
      const isAnswered = answerOf(rig.handler.deleted('shop'));
      await settled();
      expect(isAnswered()).toBe(false);
      rig.handler.unloaded('id-second');
      await settled();
      expect(isAnswered()).toBe(true);
    });
  });

  describe('counts DEL_INSTANCE', () => {
    it('and takes only who is not connected, and no one that was logged out or taken before', async () => {
      const rig = rigOf();
      rig.handler.created('shop', never);
      await jest.advanceTimersByTimeAsync(59_999);
      expect([happened(rig), jest.getTimerCount()]).toEqual([[], 1]);
      await jest.advanceTimersByTimeAsync(1);
      expect(happened(rig)).toEqual([['shop', 'DEL_INSTANCE timer']]);
      expect(jest.getTimerCount()).toBe(0);

      rig.handler.created('shop', never);
      rig.waInstances.shop = { ...rig.channel('shop'), connectionStatus: { state: 'open' } };
      await jest.advanceTimersByTimeAsync(60_000);
      rig.handler.created('shop', never);
      rig.handler.event('logout.instance', 'shop', undefined, never);
      await jest.advanceTimersByTimeAsync(60_000);
      expect(happened(rig).map(([, trigger]) => trigger)).toEqual(['DEL_INSTANCE timer', 'forbidden (403)']);
    });

    it('anew when it is asked for twice', async () => {
      const rig = rigOf();
      rig.handler.created('shop', never);
      await jest.advanceTimersByTimeAsync(30_000);
      rig.handler.created('shop', never);
      expect(jest.getTimerCount()).toBe(1);
      await jest.advanceTimersByTimeAsync(59_999);
      expect(happened(rig)).toEqual([]);
      await jest.advanceTimersByTimeAsync(1);
      expect(happened(rig)).toHaveLength(1);
    });

    it.each([{ delTemp: false }, { delInstanceMs: undefined }])('not with %j', (options) => {
      const rig = rigOf(options);
      rig.handler.created('shop', never);
      expect(jest.getTimerCount()).toBe(0);
    });

    it.each([
      [5, 300_000],
      [0.5, 30_000],
      [0, undefined],
      [false, undefined],
      [true, undefined],
      [undefined, undefined],
    ])('with DEL_INSTANCE %p as %p milliseconds', (minutes, ms) => {
      expect(delInstanceMs(minutes)).toBe(ms);
    });
  });
});
