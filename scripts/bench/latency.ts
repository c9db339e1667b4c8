import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender, Stage } from './contender';
import { benchEvent } from './event';

export interface Latency {
  emitP50Ms: number;
  emitP99Ms: number;
  endToEndP50Ms: number;
  endToEndP99Ms: number;
}

export const RATE = 1_000;
/** A gateway runs for weeks: its code is compiled and its connections are open. */
const WARM_UP_SECONDS = 10;
const MEASURED_SECONDS = 8;

/**
 * Emits at a fixed rate, whatever the contender does, and consumes in the same process. Both times count from when the
 * event was due, so that an event that had to wait for its emit has waited.
 */
export async function measureLatency(contender: Contender, { queue }: Stage): Promise<Latency> {
  const emits: number[] = [];
  const receipts: number[] = [];
  const total = RATE * (WARM_UP_SECONDS + MEASURED_SECONDS);
  const start = performance.now();
  const measuredFrom = start + WARM_UP_SECONDS * 1000;
  const note = (due: number, into: number[]) => {
    if (due >= measuredFrom) into.push(performance.now() - due);
  };

  let received = 0;
  await queue.consume((body) => {
    received += 1;
    note((JSON.parse(body.toString()) as { data: { at: number } }).data.at, receipts);
  });
  const emitting = new Set<Promise<void>>();
  for (let emitted = 0; emitted < total; await sleep(1)) {
    const due = Math.min(total, Math.floor(((performance.now() - start) / 1000) * RATE));
    for (; emitted < due; emitted += 1) {
      const at = start + (emitted / RATE) * 1000;
      const emit = contender.put([benchEvent(emitted, at)]).then(() => {
        note(at, emits);
        emitting.delete(emit);
      });
      emitting.add(emit);
    }
  }
  await Promise.all(emitting);
  await contender.finished(total);
  for (const patience = performance.now() + 10_000; received < total && performance.now() < patience;) await sleep(20);
  if (received < total) throw new Error(`${received} of ${total} events were received`);
  return {
    emitP50Ms: quantile(emits, 0.5),
    emitP99Ms: quantile(emits, 0.99),
    endToEndP50Ms: quantile(receipts, 0.5),
    endToEndP99Ms: quantile(receipts, 0.99),
  };
}

function quantile(values: number[], q: number): number {
  const sorted = values.sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}
