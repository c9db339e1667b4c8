import { beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/core/clock';
import { readBaileysUpdates, readBusinessStatuses } from '../../src/host/acknowledgements';
import { createMetrics, type Metrics } from '../../src/metrics/metrics';
import { Acknowledgements } from '../../src/sends/acknowledgements';
import type { Acknowledgement, SendState } from '../../src/stores/send-store';
import { recordingLog, type RecordingLog } from '../helpers/recording-log';
import { until } from '../helpers/until';

const NOW = 1_795_000_000_000;
const OURS = '01a1fef4-ccdd-70f8-af49-d817ff6ed9d2';

describe('what Baileys says of messages', () => {
  const read = (...updates: unknown[]) => readBaileysUpdates('shop', updates, NOW);
  const update = (status: unknown, more = {}, key = {}) => ({
    key: { id: 'W1', remoteJid: 'a@s.whatsapp.net', fromMe: true, ...key },
    update: { status, ...more },
  });

  it.each([
    [2, 'server_ack'],
    [3, 'delivered'],
    [4, 'read'],
    [5, 'read'],
  ])('with status %d is %s', (status, state) => {
    expect(read(update(status))).toEqual([{ instance: 'shop', messageId: 'W1', state, at: NOW }]);
  });

  it('with an error is failed, with its codes', () => {
    expect(read(update(0, { messageStubParameters: ['475', 7] }))).toMatchObject([
      { state: 'failed', error: 'refused by WhatsApp with 475' },
    ]);
    expect(read(update(0))).toMatchObject([{ state: 'failed', error: 'refused by WhatsApp' }]);
  });

  it('is left out where it is about messages of others, or no acknowledgement', () => {
    const others = update(3, {}, { fromMe: false });
    const none = [update(1), update(undefined), update(9), update('3'), update(3, {}, { id: '' }), null, 'text', {}];
    expect(read(others, ...none, { key: { id: 'W1' } }, update(3))).toHaveLength(1);
    for (const given of [undefined, null, {}, 'text']) expect(readBaileysUpdates('shop', given, NOW)).toEqual([]);
  });
});

describe('what Meta says of messages', () => {
  const read = (...statuses: unknown[]) => readBusinessStatuses('shop', { statuses }, NOW);
  const status = (fields: object) => ({ id: 'wamid.1', status: 'sent', timestamp: '1795000001', ...fields });

  it.each([
    ['sent', 'server_ack'],
    ['delivered', 'delivered'],
    ['read', 'read'],
  ])('as %s is %s, at Meta’s own time', (word, state) => {
    expect(read(status({ status: word }))).toEqual([
      { instance: 'shop', messageId: 'wamid.1', state, at: 1_795_000_001_000 },
    ]);
  });

  it('as failed comes with its errors', () => {
    const errors = [{ code: 131026, title: 'Message undeliverable' }, { code: 7 }];
    expect(read(status({ status: 'failed', errors }))[0]?.error).toBe(
      'refused by WhatsApp with 131026 Message undeliverable, with 7',
    );
    expect(read(status({ status: 'failed' }))[0]?.error).toBe('refused by WhatsApp');
  });

  it('carries our own id where it is one', () => {
    expect(read(status({ biz_opaque_callback_data: OURS }))[0]?.sendId).toBe(OURS);
    expect(read(status({ biz_opaque_callback_data: 'of another program' }))[0]).not.toHaveProperty('sendId');
  });

  it('has our time where Meta gives none', () => {
    expect(read(status({ timestamp: undefined }))[0]?.at).toBe(NOW);
  });

  it('is left out where it is no status of a message', () => {
    expect(read(status({ status: 'warning' }), status({ id: '' }), null, 'text', status({}))).toHaveLength(1);
    for (const given of [undefined, null, {}, { statuses: {} }, { messages: [] }]) {
      expect(readBusinessStatuses('shop', given, NOW)).toEqual([]);
    }
  });
});

describe('acknowledgements', () => {
  let batches: (readonly Acknowledgement[])[];
  let answer: (batch: readonly Acknowledgement[]) => Promise<{ sendId: string; state: SendState }[]>;
  let changed: [string, string][];
  let log: RecordingLog;
  let metrics: Metrics;
  let acknowledgements: Acknowledgements;
  let monotonic: number;

  const heard = (messageId: string): Acknowledgement => ({ instance: 'shop', messageId, state: 'read', at: NOW });

  beforeEach(() => {
    [batches, changed, log, metrics, monotonic] = [[], [], recordingLog(), createMetrics(), 0];
    answer = (batch) =>
      Promise.resolve(batch.map(({ messageId, state }) => ({ sendId: `send of ${messageId}`, state })));
    acknowledgements = new Acknowledgements({
      store: {
        acknowledge(batch) {
          batches.push(batch);
          return answer(batch);
        },
      },
      changed: (...given) => changed.push(given),
      clock: { ...systemClock, monotonic: () => monotonic },
      random: () => 0,
      log,
      metrics,
    });
  });

  it('are written together, in order, and what they change is told and counted', async () => {
    acknowledgements.take([heard('1'), heard('2')]);
    acknowledgements.take([heard('3')]);
    await until(() => changed.length === 3);
    expect(batches.flat().map(({ messageId }) => messageId)).toEqual(['1', '2', '3']);
    expect(batches).toHaveLength(1);
    expect(changed[0]).toEqual(['send of 1', 'read']);
    expect((await metrics.sendsAcknowledged.get()).values).toMatchObject([{ labels: { state: 'read' }, value: 3 }]);
  });

  it('that cannot be written are tried again, with one line in the log', async () => {
    answer = () => Promise.reject(new Error('the database is away'));
    acknowledgements.take(['1', '2', '3'].map(heard));
    await until(() => batches.length > 2);
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { detail: 'the database is away' } }]);
    answer = (batch) => Promise.resolve(batch.map(({ messageId, state }) => ({ sendId: messageId, state })));
    await until(() => changed.length === 3);
  });

  it.each([
    ['for ten minutes', () => (monotonic = 600_001)],
    ['until the host is stopped', () => acknowledgements.stop()],
  ])('that cannot be written %s are given up, and the log says so', async (_when, end) => {
    answer = () => Promise.reject(new Error('invalid'));
    acknowledgements.take([heard('1')]);
    await until(() => batches.length > 1);
    end();
    await until(() => log.lines.length === 2);
    expect(log.lines[1]).toMatchObject({ level: 'error', fields: { acknowledgements: 1 } });
  });

  it('do not take all memory while they cannot be written', async () => {
    let end: () => void = () => undefined;
    answer = () => new Promise((resolve) => (end = () => resolve([])));
    acknowledgements.take(Array.from({ length: 30_000 }, (_, number) => heard(`${number}`)));
    await until(() => batches.length === 1);
    answer = () => Promise.resolve([]);
    end();
    await until(() => batches.flat().length >= 20_000);
    await new Promise(setImmediate);
    expect(batches.flat()).toHaveLength(20_000);
    acknowledgements.take([heard('later')]);
    await until(() => batches.flat().length === 20_001);
  });
});
