import { describe, expect, it } from '@jest/globals';
import { Capture } from '../../src/events/capture';
import { toRow, type CapturedEvent } from '../../src/events/captured-event';
import { createMetrics } from '../../src/metrics/metrics';
import type { NewOutboxRow } from '../../src/stores/outbox-store';
import { sendMessage } from '../helpers/event-rig';
import { recordingLog } from '../helpers/recording-log';

const router = {
  route: (batch: readonly CapturedEvent[]) =>
    Promise.resolve(
      batch.map((captured) => toRow(captured, { sink: 'rabbitmq', receiver: 'broker', target: '{}' }, 1_000_000)),
    ),
};
const outlet = { name: 'rabbitmq', body: (event: object) => event, routing: () => Promise.reject(new Error('unused')) };
const clock = { now: () => 1_000, monotonic: () => performance.now() };

/** An outbox whose writes end when the test says so. */
function slowOutbox() {
  const batches: (readonly NewOutboxRow[])[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const write = (rows: readonly NewOutboxRow[]) =>
    new Promise<void>((resolve, reject) => {
      batches.push(rows);
      ends.push((error) => (error ? reject(error) : resolve()));
    });
  return { write, batches, end: (error?: Error) => ends.shift()?.(error) };
}

/** A spill file in memory. */
function memorySpill() {
  const events: NewOutboxRow[] = [];
  return {
    events,
    get isEmpty() {
      return events.length === 0;
    },
    take(batch: readonly NewOutboxRow[]) {
      events.push(...batch);
      return Promise.resolve(true);
    },
    async drain(write: (batch: NewOutboxRow[]) => Promise<void>) {
      const batch = [...events];
      await write(batch);
      events.splice(0, batch.length);
    },
  };
}

function captureInto(
  outbox: ReturnType<typeof slowOutbox>,
  spill?: ReturnType<typeof memorySpill>,
  bufferEvents = 100,
) {
  const log = recordingLog();
  const parts = {
    router,
    outbox,
    spill,
    bufferEvents,
    isCrowded: () => false,
    clock,
    random: () => 0,
    log,
    metrics: createMetrics(),
  };
  return { capture: new Capture(parts), log };
}

const turns = async (count = 5) => {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
};
const numbersOf = (rows: readonly NewOutboxRow[] | undefined) =>
  rows?.map(({ payload }) => (JSON.parse(payload) as { data: { number: number } }).data.number);
const emit = (capture: Capture, number: number) => capture.capture(outlet, sendMessage(number, 'a@g.us', 'shop'));

describe('capture', () => {
  it('emits that come while a statement is under way share the next one, in the order of the calls', async () => {
    const outbox = slowOutbox();
    const { capture } = captureInto(outbox);
    const emits = [emit(capture, 0)];
    await turns();
    for (const number of [1, 2, 3]) emits.push(emit(capture, number));
    outbox.end();
    await turns();
    outbox.end();
    await Promise.all(emits);
    expect(outbox.batches.map(numbersOf)).toEqual([[0], [1, 2, 3]]);
  });

  it('an event that is emitted as soon as the one before is written is written too', async () => {
    const outbox = slowOutbox();
    const { capture } = captureInto(outbox);
    const second = emit(capture, 0).then(() => emit(capture, 1));
    await turns();
    outbox.end();
    await turns();
    expect(outbox.batches).toHaveLength(2);
    outbox.end();
    await second;
  });

  it('without a spill file, a statement that fails is repeated with the same ids before anything else', async () => {
    const outbox = slowOutbox();
    const { capture } = captureInto(outbox);
    const first = emit(capture, 0);
    await turns();
    const later = emit(capture, 1);
    outbox.end(new Error('connection lost'));
    while (outbox.batches.length < 2) await turns();
    outbox.end();
    await Promise.all([first, later]);
    expect(outbox.batches[1]?.[0]?.eventId).toBe(outbox.batches[0]?.[0]?.eventId);
    expect(outbox.batches.map(numbersOf)).toEqual([[0], [0, 1]]);
  });

  it('while the database fails, events are durable in the spill file, and reach the outbox in order afterwards', async () => {
    const outbox = slowOutbox();
    const spill = memorySpill();
    const { capture } = captureInto(outbox, spill);
    const first = emit(capture, 0);
    await turns();
    outbox.end(new Error('connection lost'));
    await first;
    await emit(capture, 1);
    expect(numbersOf(spill.events)).toEqual([0, 1]);
    while (outbox.batches.length < 2) await turns();
    const after = emit(capture, 2);
    outbox.end();
    while (outbox.batches.length < 3) await turns();
    outbox.end();
    await after;
    expect(spill.isEmpty).toBe(true);
    expect(outbox.batches.map(numbersOf)).toEqual([[0], [0, 1], [2]]);
  });

  it('what an earlier process left in the spill file goes first', async () => {
    const outbox = slowOutbox();
    const spill = memorySpill();
    const earlier = captureInto(failingOutbox(), spill).capture;
    await emit(earlier, 0);
    await earlier.stop();
    const { capture } = captureInto(outbox, spill);
    capture.start();
    while (outbox.batches.length < 1) await turns();
    const next = emit(capture, 1);
    outbox.end();
    while (outbox.batches.length < 2) await turns();
    outbox.end();
    await next;
    expect(outbox.batches.map(numbersOf)).toEqual([[0], [1]]);
  });

  it('an event beyond the buffer is refused with a code, and those within stay', async () => {
    const outbox = slowOutbox();
    const { capture, log } = captureInto(outbox, undefined, 2);
    const emits = [0, 1, 2].map((number) => emit(capture, number));
    await turns();
    outbox.end();
    await Promise.all(emits);
    expect(numbersOf(outbox.batches[0])).toEqual([0, 1]);
    expect(log.lines.map(({ fields }) => fields.code)).toEqual(['GUARD_CAPTURE_FULL']);
  });

  it('a stop puts what the database does not take into the spill file', async () => {
    const outbox = slowOutbox();
    const spill = memorySpill();
    const { capture, log } = captureInto(outbox, spill);
    const waiting = emit(capture, 0);
    await turns();
    const stopped = capture.stop();
    outbox.end(new Error('away'));
    await Promise.all([stopped, waiting]);
    expect(numbersOf(spill.events)).toEqual([0]);
    expect(log.lines.map(({ fields }) => fields.code)).not.toContain('GUARD_CAPTURE_ABANDONED');
  });

  it('a stop that neither database nor disk listens to tells what is lost', async () => {
    const outbox = slowOutbox();
    const { capture, log } = captureInto(outbox);
    void emit(capture, 0);
    await turns();
    const stopped = capture.stop();
    outbox.end(new Error('away'));
    await stopped;
    expect(log.lines.at(-1)).toMatchObject({ level: 'error', fields: { code: 'GUARD_CAPTURE_ABANDONED', events: 1 } });
  });
});

function failingOutbox(): ReturnType<typeof slowOutbox> {
  return { ...slowOutbox(), write: () => Promise.reject(new Error('away')) };
}
