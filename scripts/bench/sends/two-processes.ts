import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onFreshDatabase } from '../fresh-database';
import type { Servers } from './run-task';
import { seeded } from './seeded';
import type { Assignment, Handover } from './two-processes-child';

export interface TwoProcesses {
  sends: number;
  /** Pairs of one process that arrived in the wrong order. */
  invertedPairs: number;
  /** Arrivals under a lower fencing token than one before. */
  fencesBack: number;
  /** Arrivals while another message was being answered. */
  atTheSameTime: number;
  /** How often the chat went from one process to the other. */
  turns: number;
  seconds: number;
}

const PROCESSES = 2;
const [LEAST_MS, MOST_MS] = [5, 80];
const PATIENCE_MS = 120_000;

/** Two processes with sends to one chat at the same time; this one is the channel. */
export function measureTwoProcesses(servers: Servers, sends: number, gapMs: number): Promise<TwoProcesses> {
  const { databaseUrl: serverUrl, redisUrl } = servers;
  return onFreshDatabase(serverUrl, async (databaseUrl) => {
    const seen = new Arrivals();
    const children: ChildProcess[] = [];
    try {
      for (let place = 0; place < PROCESSES; place += 1) {
        const child = fork(join(__dirname, 'two-processes-child.js'), { stdio: ['ignore', 2, 2, 'ipc'] });
        children.push(child);
        child.send({ databaseUrl, redisUrl, sends, gapMs } satisfies Assignment);
        await once(child, 'message');
        const answer = (number: number) => child.connected && child.send(number);
        child.on('message', (handover: Handover) => void seen.take(place, handover, () => answer(handover.number)));
      }
      const begun = performance.now();
      const patience = AbortSignal.timeout(PATIENCE_MS);
      const ends = children.map((child) => once(child, 'exit', { signal: patience }));
      for (const child of children) child.send('go');
      await Promise.all(ends);
      const seconds = (performance.now() - begun) / 1000;
      if (seen.count !== PROCESSES * sends) throw new Error(`${seen.count} of ${PROCESSES * sends} sends arrived`);
      const { invertedPairs, fencesBack, atTheSameTime, turns } = seen;
      return { sends: seen.count, invertedPairs, fencesBack, atTheSameTime, turns, seconds };
    } finally {
      for (const child of children) child.kill('SIGKILL'); // those that a failure left
    }
  });
}

class Arrivals {
  fencesBack = 0;
  atTheSameTime = 0;
  turns = 0;
  private readonly random = seeded(1);
  private readonly numbers = Array.from({ length: PROCESSES }, (): number[] => []);
  private underWay = 0;
  private fence = 0;
  private latest: number | undefined;

  get count(): number {
    return this.numbers.reduce((sum, { length }) => sum + length, 0);
  }

  get invertedPairs(): number {
    const inverted = (numbers: number[]) =>
      numbers.reduce((sum, number, place) => sum + numbers.slice(place).filter((later) => later < number).length, 0);
    return this.numbers.reduce((sum, numbers) => sum + inverted(numbers), 0);
  }

  async take(place: number, { number, fence }: Handover, answer: () => void): Promise<void> {
    this.numbers[place]?.push(number);
    if (!(fence >= this.fence)) this.fencesBack += 1;
    this.fence = Math.max(this.fence, fence);
    if (this.underWay > 0) this.atTheSameTime += 1;
    if (this.latest !== undefined && this.latest !== place) this.turns += 1;
    this.latest = place;
    this.underWay += 1;
    await sleep(LEAST_MS + this.random() * (MOST_MS - LEAST_MS));
    this.underWay -= 1;
    answer();
  }
}
