import { describe, expect, it } from '@jest/globals';
import { Capture } from '../../src/events/capture';
import { createMetrics } from '../../src/metrics/metrics';
import type { NewOutboxRow } from '../../src/stores/outbox-store';
import { sendMessage } from '../helpers/event-rig';
import { recordingLog } from '../helpers/recording-log';

const clock = { now: () => 1_000, monotonic: () => 0 };
const toRabbitmq = () => Promise.resolve(() => [{ sink: 'rabbitmq', target: {} }]);

/** A store whose statements end when the test says so. */
function slowStore() {
  const batches: (readonly NewOutboxRow[])[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const append = (rows: readonly NewOutboxRow[]) =>
    new Promise<void>((resolve, reject) => {
      batches.push(rows);
      ends.push((error) => (error ? reject(error) : resolve()));
    });
  return { append, batches, end: (error?: Error) => ends.shift()?.(error) };
}

function captureInto(store: ReturnType<typeof slowStore>, options: { bufferEvents?: number } = {}) {
  const log = recordingLog();
  const parts = { store, routing: toRabbitmq, written: () => undefined, clock, random: () => 0, log };
  const capture = new Capture({
    ...parts,
    maxBytes: 1_000_000,
    bufferEvents: 100,
    metrics: createMetrics(),
    ...options,
  });
  return { capture, log };
}

const turns = async (count = 5) => {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
};
const numbersOf = (rows: readonly NewOutboxRow[] | undefined) =>
  rows?.map(({ payload }) => (JSON.parse(payload) as { data: { number: number } }).data.number);

describe('capture', () => {
  it('emits that come while a statement is under way share the next one, in the order of the calls', async () => {
    const store = slowStore();
    const { capture } = captureInto(store);
    const emits = [capture.capture(sendMessage(0, 'a@g.us', 'shop'))];
    await turns();
    for (const number of [1, 2, 3]) emits.push(capture.capture(sendMessage(number, 'a@g.us', 'shop')));
    store.end();
    await turns();
    store.end();
    await Promise.all(emits);
    expect(store.batches.map(numbersOf)).toEqual([[0], [1, 2, 3]]);
  });

  it('an event that is emitted as soon as the one before is written is written too', async () => {
    const store = slowStore();
    const { capture } = captureInto(store);
    const first = capture.capture(sendMessage(0, 'a@g.us', 'shop'));
    const second = first.then(() => capture.capture(sendMessage(1, 'a@g.us', 'shop')));
    await turns();
    store.end();
    await turns();
    expect(store.batches).toHaveLength(2);
    store.end();
    await second;
  });

  it('a statement that fails is repeated with the same ids before anything else', async () => {
    const store = slowStore();
    const { capture } = captureInto(store);
    const emit = capture.capture(sendMessage(0, 'a@g.us', 'shop'));
    await turns();
    const later = capture.capture(sendMessage(1, 'a@g.us', 'shop'));
    store.end(new Error('connection lost'));
    while (store.batches.length < 2) await turns();
    store.end();
    await emit;
    await turns();
    store.end();
    await later;
    expect(store.batches[1]?.[0]?.eventId).toBe(store.batches[0]?.[0]?.eventId);
    expect(store.batches.map(numbersOf)).toEqual([[0], [0], [1]]);
  });

  it('an event beyond the buffer is refused with a code, and those within stay', async () => {
    const store = slowStore();
    const { capture, log } = captureInto(store, { bufferEvents: 2 });
    const emits = [0, 1, 2].map((number) => capture.capture(sendMessage(number, 'a@g.us', 'shop')));
    await turns();
    store.end();
    await Promise.all(emits);
    expect(numbersOf(store.batches[0])).toEqual([0, 1]);
    expect(log.lines.map(({ fields }) => fields.code)).toEqual(['GUARD_CAPTURE_FULL']);
  });

  it('a stop waits for what is under way, but not for ever, and tells what is lost', async () => {
    const store = slowStore();
    const { capture, log } = captureInto(store);
    void capture.capture(sendMessage(0, 'a@g.us', 'shop'));
    await turns();
    const stopped = capture.stop(20);
    await new Promise((resolve) => setTimeout(resolve, 30));
    store.end(new Error('away'));
    await stopped;
    expect(store.batches).toHaveLength(1);
    expect(log.lines.at(-1)).toMatchObject({ level: 'error', fields: { code: 'GUARD_CAPTURE_ABANDONED', events: 1 } });
  });
});
