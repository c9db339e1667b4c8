import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { connectionOf } from '../../src/host/connection-channel';
import { Liveness } from '../../src/instances/liveness';
import { createMetrics, type Metrics } from '../../src/metrics/metrics';
import { BaileysSocket } from '../helpers/baileys-channel';
import { valueOf } from '../helpers/connection-rig';
import { MemoryInstances } from '../helpers/memory-instances';
import { recordingLog, type RecordingLog } from '../helpers/recording-log';

const SILENT = () => new Promise<unknown>(() => undefined);

describe('sockets of open connections', () => {
  let liveness: Liveness;
  let instances: MemoryInstances;
  let died: string[];
  let log: RecordingLog;
  let metrics: Metrics;
  const going = new AbortController().signal;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    [instances, died, log, metrics] = [new MemoryInstances(), [], recordingLog(), createMetrics()];
    liveness = new Liveness({
      store: instances.store,
      died: ({ name }, reason) => died.push(`${name}: ${reason}`),
      revived: ({ name }) => died.push(`${name} lives`),
      log,
      metrics,
    });
  });

  afterEach(() => {
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  const channelWith = (client: object | undefined, name = 'shop') => ({
    instance: { name, id: `id-${name}` },
    connectionStatus: { state: 'open' },
    client,
  });
  /** Looks until all have answered, or their time is over. */
  const look = async (...channels: object[]) => {
    const looking = liveness.look(channels.map(connectionOf), going);
    await jest.advanceTimersByTimeAsync(20_000);
    await looking;
  };
  const socket = () => new BaileysSocket(() => undefined);

  it('are asked as Baileys asks, and left alone when they answer', async () => {
    const client = socket();
    const answered = [
      () => Promise.resolve({ tag: 'iq' }),
      () => Promise.resolve(undefined),
      () => Promise.reject(Object.assign(new Error('rate-overlimit'), { data: 429 })),
    ];
    for (const answer of answered) {
      client.answer = answer;
      const channel = channelWith(client);
      for (let time = 0; time < 2; time += 1) await look(channel);
    }
    expect(client.asked[0]).toEqual({
      tag: 'iq',
      attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' },
      content: [{ tag: 'ping', attrs: {} }],
    });
    expect([client.asked.length, died, client.ended]).toEqual([6, [], undefined]);
  });

  it('are ended when they have not answered twice in a row, with an alarm and a note', async () => {
    const client = Object.assign(socket(), { answer: SILENT });
    const channel = channelWith(client);
    await look(channel);
    expect([died, await valueOf(metrics, 'instancesDead')]).toEqual([[], 0]);
    await look(channel);
    expect(died).toEqual(['shop: socket does not answer']);
    expect(client.ended?.message).toBe('socket does not answer');
    expect(log.lines).toMatchObject([
      { level: 'error', fields: { code: 'GUARD_INSTANCE_SOCKET_DEAD', instance: 'shop' } },
    ]);
    expect(instances.entries).toMatchObject([{ instanceId: 'id-shop', event: 'socket dead' }]);
    expect(await valueOf(metrics, 'instancesDead')).toBe(1);
    await look(channel);
    expect(log.lines).toHaveLength(1); // once for each socket
    channel.client = socket();
    await look(channel);
    expect(await valueOf(metrics, 'instancesDead')).toBe(0);
  });

  it('count as dead without a question when they are closed, and as silent when nothing could be sent', async () => {
    const closed = socket();
    closed.ws.isOpen = false;
    const refused = Object.assign(socket(), { answer: () => Promise.reject(new Error('Connection Closed')) });
    const channels = [channelWith(closed), channelWith(refused, 'bar')];
    await look(...channels);
    await look(...channels);
    expect(died.sort()).toEqual(['bar: socket does not answer', 'shop: socket does not answer']);
    expect(closed.asked).toEqual([]);
  });

  it('are told of when they answer after all', async () => {
    const client = Object.assign(socket(), { answer: SILENT });
    const channel = channelWith(client);
    await look(channel);
    await look(channel);
    client.answer = () => Promise.resolve({});
    await look(channel);
    await look(channel);
    expect(died).toEqual(['shop: socket does not answer', 'shop lives']);
    expect(await valueOf(metrics, 'instancesDead')).toBe(0);
  });

  it('start afresh after one answer', async () => {
    const client = Object.assign(socket(), { answer: SILENT });
    const channel = channelWith(client);
    await look(channel);
    client.answer = () => Promise.resolve({});
    await look(channel);
    client.answer = SILENT;
    await look(channel);
    expect(died).toEqual([]);
  });

  it('are not held against an instance that was closed or connected anew meanwhile', async () => {
    const silent = () => Object.assign(socket(), { answer: SILENT });
    const [closed, renewed] = [channelWith(silent()), channelWith(silent(), 'bar')];
    await look(closed, renewed);
    const looking = look(closed, renewed);
    closed.connectionStatus.state = 'close';
    renewed.client = socket();
    await looking;
    expect(died).toEqual([]);
  });

  it('are not held against an instance when the host ends while they are asked', async () => {
    const channel = channelWith(Object.assign(socket(), { answer: SILENT }));
    await look(channel);
    const ending = new AbortController();
    const looking = liveness.look([connectionOf(channel)], ending.signal);
    ending.abort();
    await looking;
    expect(died).toEqual([]);
  });

  it('are looked at as far as they let themselves be', async () => {
    const channels = [channelWith({}), channelWith({ ws: {} }, 'bar'), channelWith(undefined, 'baz')];
    const closed = { ...channelWith({ ws: { isOpen: false } }, 'closed'), connectionStatus: { state: 'close' } };
    await look(...channels, closed);
    await look(...channels, closed);
    expect(died).toEqual([]);
  });

  it('are asked twenty at a time', async () => {
    const clients = Array.from({ length: 50 }, () => Object.assign(socket(), { answer: SILENT }));
    const looking = liveness.look(
      clients.map((client, index) => connectionOf(channelWith(client, `shop-${index}`))),
      going,
    );
    const asked = () => clients.filter((client) => client.asked.length > 0).length;
    expect(asked()).toBe(20);
    await jest.advanceTimersByTimeAsync(20_000);
    expect(asked()).toBe(40);
    await jest.advanceTimersByTimeAsync(40_000);
    await looking;
    expect(asked()).toBe(50);
  });

  it('that cannot be ended are in the log', async () => {
    const client = Object.assign(socket(), { answer: SILENT });
    client.end = () => {
      throw new Error('it will not end');
    };
    await look(channelWith(client));
    const channel = channelWith(client);
    await look(channel);
    expect(log.lines.at(-1)).toMatchObject({ level: 'warn', fields: { detail: 'it will not end' } });
  });
});
