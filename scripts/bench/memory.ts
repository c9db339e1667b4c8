import type { Contender } from './contender';
import { emitAll } from './throughput';

export interface MemorySample {
  events: number;
  /** Of the process, after a garbage collection where the runtime lets one ask for it. */
  rssMb: number;
  heapUsedMb: number;
}

const SAMPLES = 10;

/** Emits as fast as the contender lets, and looks at the memory of this process after every tenth. */
export async function measureMemory(contender: Contender, events: number): Promise<MemorySample[]> {
  const samples: MemorySample[] = [];
  const step = events / SAMPLES;
  for (let done = 0; done < events; done += step) {
    await emitAll(contender, { events: step, seconds: Infinity }, done);
    await contender.finished(done + step);
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    samples.push({ events: done + step, rssMb: rss / 1024 ** 2, heapUsedMb: heapUsed / 1024 ** 2 });
  }
  await contender.stop();
  return samples;
}
