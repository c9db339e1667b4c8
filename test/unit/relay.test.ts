import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/core/clock';
import { Relay } from '../../src/events/relay';
import { SinkUnavailable, Undeliverable } from '../../src/events/sink';
import { createMetrics } from '../../src/metrics/metrics';
import type { FetchRequest, PendingRow } from '../../src/stores/outbox-store';
import { recordingLog } from '../helpers/recording-log';

function row(seq: number, chatKey: number): PendingRow {
  const names = { instance: 'shop', chat: `${chatKey}@g.us`, event: 'send.message', eventId: `${seq}` };
  return {
    ...names,
    seq,
    chatKey,
    partition: 0,
    chatSequence: seq,
    target: {},
    payload: '',
    payloadBytes: 1,
    capturedAt: 0,
  };
}

/** An outbox in memory: rows that are visible and neither delivered nor parked are given out by seq. */
function memoryOutbox() {
  const visible = new Map<number, PendingRow>();
  const parked: [number, string][] = [];
  return {
    visible,
    parked,
    async fetch({ exceptSeqs, exceptChatKeys, rows }: FetchRequest) {
      const snapshot = [...visible.values()].sort((a, b) => a.seq - b.seq);
      await new Promise(setImmediate); // the answer is older than what happened meanwhile
      return snapshot
        .filter(({ seq, chatKey }) => !exceptSeqs.includes(seq) && !exceptChatKeys.includes(chatKey))
        .slice(0, rows);
    },
    async markDelivered(seqs: readonly number[]) {
      await new Promise(setImmediate);
      for (const seq of seqs) visible.delete(seq);
    },
    park(seq: number, reason: string) {
      visible.delete(seq);
      parked.push([seq, reason]);
      return Promise.resolve();
    },
  };
}

describe('relay', () => {
  let outbox: ReturnType<typeof memoryOutbox>;
  let delivered: number[];
  let fail: (seq: number) => Error | undefined;
  let relay: Relay;

  beforeEach(() => {
    outbox = memoryOutbox();
    delivered = [];
    fail = () => undefined;
    const sink = {
      name: 'rabbitmq',
      ready: () => Promise.resolve(),
      async deliver({ seq }: PendingRow) {
        await new Promise(setImmediate);
        const error = fail(seq);
        if (error) throw error;
        delivered.push(seq);
      },
    };
    const parts = { clock: systemClock, random: () => 0, log: recordingLog(), metrics: createMetrics() };
    relay = new Relay({ ...parts, store: outbox, sink, leases: { held: () => [0] }, window: 10 });
  });
  afterEach(() => relay.stop(1_000));

  const show = (...rows: PendingRow[]) => {
    for (const item of rows) outbox.visible.set(item.seq, item);
    relay.wake();
  };
  const settled = async () => {
    while (outbox.visible.size > 0) await new Promise(setImmediate);
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
});
