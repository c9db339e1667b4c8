import type { Contender, Stage } from './contender';
import { benchEvent } from './event';

export interface Limits {
  events: number;
  seconds: number;
}

export interface Throughput {
  events: number;
  eventsPerSecond: number;
  /** Of the process that emits and delivers, servers not included. */
  cpuSecondsPer10k: number;
  peakRssMb: number;
}

const WARM_UP_EVENTS = 5_000;

/** Emits as fast as the contender lets, then waits until it has finished: the time of both counts. */
export async function measureThroughput(contender: Contender, { queue }: Stage, limits: Limits): Promise<Throughput> {
  const warmUp = { events: Math.min(WARM_UP_EVENTS, limits.events), seconds: limits.seconds };
  const before = await emitAll(contender, warmUp, 0);
  await contender.finished(before);

  const cpu = process.cpuUsage();
  const start = performance.now();
  const events = await emitAll(contender, limits, before);
  await contender.finished(before + events);
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);

  // Whatever a contender believes, what counts is in the queue.
  await queue.holds(before + events);
  return {
    events,
    eventsPerSecond: events / seconds,
    cpuSecondsPer10k: ((user + system) / 1e6 / events) * 10_000,
    peakRssMb: process.resourceUsage().maxRSS / 1024,
  };
}

/** @returns how many were emitted. */
export async function emitAll(contender: Contender, limits: Limits, first: number): Promise<number> {
  const deadline = performance.now() + limits.seconds * 1000;
  const { batch, outstanding } = contender;
  let sent = 0;
  const emitter = async () => {
    while (sent < limits.events && performance.now() < deadline) {
      const length = Math.min(batch, limits.events - sent);
      const start = first + sent;
      sent += length;
      await contender.put(Array.from({ length }, (_, index) => benchEvent(start + index)));
    }
  };
  await Promise.all(Array.from({ length: outstanding }, emitter));
  return sent;
}
