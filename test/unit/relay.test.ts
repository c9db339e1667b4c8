import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/core/clock';
import { Relay } from '../../src/events/relay';
import { ReceiverUnavailable, Refused, SinkUnavailable, Undeliverable } from '../../src/events/sink';
import { createMetrics, type Metrics } from '../../src/metrics/metrics';
import type { PendingRow } from '../../src/stores/outbox-store';
import { memoryOutbox } from '../helpers/memory-outbox';
import { recordingLog } from '../helpers/recording-log';

function row(seq: number, chatKey: number): PendingRow {
  const names = { instance: 'shop', chat: `${chatKey}@g.us`, event: 'send.message', eventId: `${seq}` };
  return {
    ...names,
    sink: 'rabbitmq',
    receiverKey: 0,
    seq,
    chatKey,
    partition: 0,
    chatSequence: seq,
    target: '{}',
    payload: '',
    payloadBytes: 1,
    capturedAt: 0,
    attempts: 0,
  };
}

describe('relay', () => {
  let outbox: ReturnType<typeof memoryOutbox>;
  let delivered: number[];
  let fail: (seq: number) => Error | undefined;
  let accepting: boolean;
  let becomesReady: () => void;
  let receiverOf: (row: Pick<PendingRow, 'receiverKey'>) => number;
  let hold: (seq: number) => Promise<void> | undefined;
  let epoch: number | undefined;
  let clockRate: number;
  let metrics: Metrics;
  let relay: Relay;

  beforeEach(() => {
    outbox = memoryOutbox();
    delivered = [];
    fail = () => undefined;
    hold = () => undefined;
    epoch = 1;
    accepting = true;
    receiverOf = ({ receiverKey }) => receiverKey;
    const sink = {
      name: 'rabbitmq',
      perReceiver: 2,
      receiverOf: (of: Pick<PendingRow, 'receiverKey'>) => receiverOf(of),
      perChat: () => 1,
      accepting: () => accepting,
      ready: () => (accepting ? Promise.resolve() : new Promise<void>((resolve) => (becomesReady = resolve))),
      async deliver({ seq }: PendingRow) {
        await new Promise(setImmediate);
        await hold(seq);
        const error = fail(seq);
        if (error) throw error;
        delivered.push(seq);
      },
    };
    metrics = createMetrics();
    clockRate = 1;
    const clock = { ...systemClock, monotonic: () => clockRate * systemClock.monotonic() };
    const parts = { clock, random: () => 0, log: recordingLog(), metrics };
    const leases = { held: () => (epoch === undefined ? [] : [0]), epochOf: () => epoch };
    relay = new Relay({ ...parts, store: outbox, sink, leases, owner: 'me', window: 10, mostAttempts: 3 });
  });
  afterEach(() => relay.stop(1_000));

  const show = (...rows: PendingRow[]) => {
    for (const item of rows) outbox.visible.set(item.seq, item);
    relay.wake();
  };
  const nextTurn = () => new Promise(setImmediate);
  const settled = async () => {
    while (outbox.visible.size > 0) await nextTurn();
  };

  it('rows of a chat that become visible behind others still go out in their order', async () => {
    relay.start();
    show(row(20, 1));
    await settled();
    show(row(30, 2), row(10, 2));
    await settled();
    expect(delivered).toEqual([20, 10, 30]);
  });

  it('delivers each row once, however captures, fetches and marks fall together', async () => {
    relay.start();
    for (let seq = 1; seq <= 300; seq += 1) {
      show(row(seq, seq % 7));
      if (seq % 3 === 0) await new Promise(setImmediate);
    }
    await settled();
    expect(delivered).toHaveLength(300);
    for (let chat = 0; chat < 7; chat += 1) {
      const ofChat = delivered.filter((seq) => seq % 7 === chat);
      expect(ofChat).toEqual([...ofChat].sort((a, b) => a - b));
    }
  });

  it('keeps the order of a chat when the sink goes away in the middle', async () => {
    let left = 4;
    fail = () => (left-- > 0 ? new SinkUnavailable('away') : undefined);
    relay.start();
    show(row(1, 1), row(2, 1), row(3, 2), row(4, 1), row(5, 2));
    await settled();
    expect(delivered.filter((seq) => [1, 2, 4].includes(seq))).toEqual([1, 2, 4]);
    expect(delivered.filter((seq) => [3, 5].includes(seq))).toEqual([3, 5]);
  });

  it('an event that fails holds back its own chat only, until it is delivered', async () => {
    let refusals = 3;
    fail = (seq) => (seq === 1 && refusals-- > 0 ? new Error('nack') : undefined);
    relay.start();
    show(row(1, 1), row(2, 1), row(3, 2));
    await settled();
    expect(delivered).toEqual([3, 1, 2]);
  });

  it('an event that can never be delivered becomes a dead letter, and its chat goes on', async () => {
    fail = (seq) => (seq === 1 ? new Undeliverable('GUARD_EVENT_MALFORMED', 'no target') : undefined);
    relay.start();
    show(row(1, 1), row(2, 1));
    await settled();
    expect(delivered).toEqual([2]);
    expect(outbox.parked).toEqual([[1, 'GUARD_EVENT_MALFORMED: no target']]);
  });

  it('an event that its receiver refuses is tried a limited number of times, in its turn, then becomes a dead letter', async () => {
    let tries = 0;
    fail = (seq) => (seq === 1 ? (tries++, new Refused('GUARD_EVENT_UNROUTABLE', 'no queue')) : undefined);
    relay.start();
    show(row(1, 1), row(2, 1));
    await settled();
    expect([tries, delivered]).toEqual([3, [2]]);
    expect(outbox.parked).toEqual([[1, 'GUARD_EVENT_UNROUTABLE: no queue']]);
  });

  it('a receiver that is away holds back only itself, is left alone after some failures, and gets all in order later', async () => {
    const asked: number[] = [];
    let away = true;
    fail = (seq) => (seq < 100 && (asked.push(seq), away) ? new ReceiverUnavailable('refused') : undefined);
    const of = (receiverKey: number, seq: number, chatKey: number) => ({ ...row(seq, chatKey), receiverKey });
    relay.start();
    show(...Array.from({ length: 20 }, (_, n) => of(1, n + 1, n % 10)));
    show(...Array.from({ length: 20 }, (_, n) => of(2, n + 101, 100 + n)));
    while (delivered.length < 20) await new Promise(setImmediate);
    expect(delivered.every((seq) => seq > 100)).toBe(true);
    away = false;
    await settled();
    expect(delivered).toHaveLength(40);
    for (let chat = 0; chat < 10; chat += 1) {
      expect(delivered.filter((seq) => seq < 100 && (seq - 1) % 10 === chat)).toEqual([chat + 1, chat + 11]);
    }
    expect(asked.length).toBeLessThan(60);
  });

  it('an event that its receiver can never take holds back its own chat only, however long others wait for it', async () => {
    let away = true;
    fail = (seq) => (away || seq === 1 ? new ReceiverUnavailable('500') : undefined);
    relay.start();
    show(...Array.from({ length: 60 }, (_, n) => row(n + 1, n % 6)));
    for (const failed = metrics.receiversFailing; (await failed.get()).values[0]?.value !== 1;) await nextTurn();
    away = false;
    while (delivered.length < 50) await nextTurn();
    expect(delivered.some((seq) => (seq - 1) % 6 === 0)).toBe(false);
    fail = () => undefined;
    await settled();
    for (let chat = 0; chat < 6; chat += 1) {
      const ofChat = delivered.filter((seq) => (seq - 1) % 6 === chat);
      expect(ofChat).toEqual([...ofChat].sort((a, b) => a - b));
    }
  });

  it('an event that fails again and again is no reason to leave its receiver alone', async () => {
    let tries = 0;
    fail = (seq) => (seq === 1 && tries++ < 6 ? new ReceiverUnavailable('500') : undefined);
    relay.start();
    show(row(1, 1));
    while (tries < 6) await nextTurn();
    expect((await metrics.receiversFailing.get()).values).toEqual([]);
    await settled();
  });

  it('events go to whoever is the receiver now, in the order of each chat, when it was moved because it is away', async () => {
    const [old, moved, neighbour] = [1, 2, 9];
    let isMoved = false;
    receiverOf = ({ receiverKey }) => (receiverKey === neighbour || !isMoved ? old : moved);
    fail = (seq) => (seq >= 1_000 || !isMoved ? new ReceiverUnavailable('refused') : undefined);
    const of = (receiverKey: number, seq: number, chatKey: number) => ({ ...row(seq, chatKey), receiverKey });
    relay.start();
    show(...Array.from({ length: 60 }, (_, n) => of(5, n + 1, n % 6)), of(neighbour, 1_000, 50));
    for (const failed = metrics.receiversFailing; (await failed.get()).values[0]?.value !== 1;) await nextTurn();
    isMoved = true;
    show(...Array.from({ length: 6 }, (_, n) => of(5, n + 61, n % 6)));
    while (delivered.length < 66) await nextTurn();
    for (let chat = 0; chat < 6; chat += 1) {
      const ofChat = delivered.filter((seq) => (seq - 1) % 6 === chat);
      expect(ofChat).toEqual(Array.from({ length: 11 }, (_, n) => 6 * n + chat + 1));
    }
    fail = () => undefined;
    await settled();
  });

  it('a slow receiver with more rows than may be held of one does not keep those of others out of memory', async () => {
    const released = new Set<() => void>();
    hold = (seq) => (seq < 1_000 ? new Promise((resolve) => released.add(resolve)) : undefined);
    const of = (receiverKey: number, seq: number, chatKey: number) => ({ ...row(seq, chatKey), receiverKey });
    relay.start();
    show(...Array.from({ length: 200 }, (_, n) => of(1, n + 1, n)));
    while (released.size < 2) await nextTurn();
    show(...Array.from({ length: 50 }, (_, n) => of(2, n + 1_000, n + 1_000)));
    while (delivered.length < 50) await nextTurn();
    expect(delivered.every((seq) => seq >= 1_000)).toBe(true);
    hold = () => undefined;
    for (const release of released) release();
    await settled();
    expect(delivered).toHaveLength(250);
  });

  it('a window full of deliveries that hang leaves one for each receiver that has none', async () => {
    const released = new Set<() => void>();
    hold = (seq) => (seq < 1_000 ? new Promise((resolve) => released.add(resolve)) : undefined);
    const of = (receiverKey: number, seq: number, chatKey: number) => ({ ...row(seq, chatKey), receiverKey });
    relay.start();
    show(...Array.from({ length: 24 }, (_, n) => of(n % 6, n + 1, n)));
    while (released.size < 10) await nextTurn();
    show(...Array.from({ length: 5 }, (_, n) => of(9, n + 1_000, n + 1_000)));
    while (delivered.length < 5) await nextTurn();
    expect([delivered.every((seq) => seq >= 1_000), released.size]).toEqual([true, 10]);
    hold = () => undefined;
    for (const release of released) release();
    await settled();
  });

  it('finds what it is not told of, also where its timers fire before their time', async () => {
    clockRate = 0.9;
    relay.start();
    show(row(1, 1));
    await settled();
    for (const looks = outbox.looks; outbox.looks < looks + 3;) await nextTurn();
    outbox.visible.set(2, row(2, 1));
    await settled();
    expect(delivered).toEqual([1, 2]);
  });

  it('what was just written goes out without being read back, in order with what was', async () => {
    relay.start();
    show({ ...row(1, 1), chatSequence: 1 });
    await settled();
    const fresh = [2, 3, 4].map((seq) => row(seq, 1));
    const looks = outbox.looks;
    for (const item of fresh) outbox.visible.set(item.seq, item);
    relay.take(
      fresh,
      fresh.map(({ seq, chatSequence }) => ({ seq, chatSequence })),
    );
    await settled();
    expect([delivered, outbox.looks - looks]).toEqual([[1, 2, 3, 4], 0]);
  });

  it('what waits in a partition that goes to another process is let go of, and loaded again if it comes back', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    hold = (seq) => (seq === 1 ? held : undefined);
    relay.start();
    show(row(1, 1), row(2, 1));
    while (!relay.isBusy(0)) await nextTurn();
    epoch = undefined;
    relay.leasesChanged();
    release();
    while (relay.isBusy(0)) await nextTurn();
    expect(delivered).toEqual([1]);
    epoch = 2;
    relay.leasesChanged();
    await settled();
    expect(delivered).toEqual([1, 2]);
  });

  it('while the sink takes nothing, nothing is handed to it, and all follows when it does', async () => {
    relay.start();
    show(row(1, 1));
    await settled();
    accepting = false;
    show(row(2, 1), row(3, 2));
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    expect(delivered).toEqual([1]);
    accepting = true;
    becomesReady();
    await settled();
    expect(delivered).toEqual([1, 2, 3]);
  });
});
