import { ratiosOf, type Measured } from './figures';
import { RATE } from './latency';
import { CONTENDERS, PACED, type ContenderName, type PacedName } from './names';
import type { Results } from './task';

const TITLES: Readonly<Record<ContenderName | PacedName, string>> = {
  guard: 'evolution-guard',
  bare: 'amqplib alone, confirms',
  stock: 'the stock way, no confirms',
  pgBoss: 'pg-boss',
  graphileWorker: 'graphile-worker',
  plainInsert: 'one INSERT, then a publish',
};

export function eventsTable(measured: Measured): string {
  const lines = [line('', 'events/s', 'guard is', 'CPU s/10,000', 'peak RSS MB')];
  const guard = measured.throughputs.guard?.eventsPerSecond;
  for (const name of CONTENDERS) {
    const throughput = measured.throughputs[name];
    if (!throughput) continue;
    const { eventsPerSecond, cpuSecondsPer10k, peakRssMb } = throughput;
    const ratio = guard === undefined ? '' : `x ${(guard / eventsPerSecond).toFixed(2)}`;
    lines.push(line(TITLES[name], whole(eventsPerSecond), ratio, cpuSecondsPer10k.toFixed(2), whole(peakRssMb)));
  }
  const { vsBestQueue } = ratiosOf(measured);
  if (vsBestQueue !== null)
    lines.push(`\n  evolution-guard moves ${vsBestQueue} times what the better job queue does.\n`);
  if (measured.latencies.guard) {
    lines.push(`\n  at ${whole(RATE)} events/s, in milliseconds\n`);
    lines.push(line('', 'emit p50', 'emit p99', 'consumed p50', 'consumed p99'));
    for (const name of PACED) {
      const latency = measured.latencies[name];
      if (!latency) continue;
      const { emitP50Ms, emitP99Ms, endToEndP50Ms, endToEndP99Ms } = latency;
      const times = [emitP50Ms, emitP99Ms, endToEndP50Ms, endToEndP99Ms];
      lines.push(line(TITLES[name], ...times.map((time) => time.toFixed(1))));
    }
  }
  return `\n${lines.join('')}\n`;
}

export function backlogTable(drained: readonly Results['backlog'][]): string {
  const rows = drained.map(({ rows, seconds, eventsPerSecond }) =>
    line(`${whole(rows)} waiting`, seconds.toFixed(1), whole(eventsPerSecond)),
  );
  return `\n${line('', 'seconds', 'events/s')}${rows.join('')}\n`;
}

export function memoryTable(samples: Results['memory']): string {
  const rows = samples.map(({ events, rssMb, heapUsedMb }) =>
    line(`after ${whole(events)} events`, whole(rssMb), whole(heapUsedMb)),
  );
  return `\n${line('', 'RSS MB', 'heap MB')}${rows.join('')}\n`;
}

function line(title: string, ...cells: string[]): string {
  return `  ${title.padEnd(28)}${cells.map((cell) => cell.padStart(14)).join('')}\n`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
