import { loadavg } from 'node:os';
import { describe } from '../../src/core/errors';
import { Progress } from '../host/progress';
import { startPostgres, startRabbitmq } from '../services';
import { figuresOf, type Measured } from './figures';
import { PACED } from './names';
import { readOptions, type BenchOptions } from './options';
import { runTask, type Servers } from './run-task';
import { backlogTable, eventsTable, memoryTable } from './table';
import type { Results } from './task';

const MEMORY_EVENTS = 1_000_000;
const BACKLOGS = [1_000, 10_000, 100_000, 1_000_000];

async function bench(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const out = options.json ? process.stderr : process.stdout;
  const progress = new Progress(out);
  const load = loadavg()[0] ?? 0;
  if (load > 1)
    progress.say(`this machine is busy (load ${load.toFixed(1)}): the figures will be lower than they could be`);

  progress.say('starting servers for this run alone');
  const own = { private: true };
  const [postgres, broker] = await Promise.all([startPostgres(own), startRabbitmq(own)]);
  const servers = { databaseUrl: postgres.url, brokerUrl: broker.url, profile: options.profile };
  const outcome = options.backlog
    ? await drainBacklogs(servers, progress)
    : options.memory
      ? await watchMemory(servers, progress)
      : await compareContenders(servers, options, progress);
  out.write(outcome.table);
  if (options.json) process.stdout.write(`${JSON.stringify(outcome.figures)}\n`);
  await Promise.all([postgres.stop(), broker.stop()]);
  return 0;
}

interface Outcome {
  table: string;
  figures: object;
}

async function compareContenders(servers: Servers, options: BenchOptions, progress: Progress): Promise<Outcome> {
  const { events, seconds, only } = options;
  const measured: Measured = { throughputs: {}, latencies: {} };
  for (const contender of only) {
    progress.say(`${contender}: as many events as it takes`);
    const limits = { events, seconds };
    measured.throughputs[contender] = await runTask<'throughput'>({ kind: 'throughput', contender, limits }, servers);
  }
  if (only.includes('guard')) {
    for (const contender of PACED) {
      progress.say(`${contender}: 1,000 events a second`);
      measured.latencies[contender] = await runTask<'latency'>({ kind: 'latency', contender }, servers);
    }
  }
  return { table: eventsTable(measured), figures: figuresOf(measured) };
}

async function drainBacklogs(servers: Servers, progress: Progress): Promise<Outcome> {
  const drained: Results['backlog'][] = [];
  for (const rows of BACKLOGS) {
    progress.say(`guard: ${rows.toLocaleString('en-US')} events wait`);
    drained.push(await runTask<'backlog'>({ kind: 'backlog', rows }, servers));
  }
  return { table: backlogTable(drained), figures: { backlog: drained } };
}

async function watchMemory(servers: Servers, progress: Progress): Promise<Outcome> {
  progress.say(`guard: ${MEMORY_EVENTS.toLocaleString('en-US')} events`);
  const memory = await runTask<'memory'>({ kind: 'memory', events: MEMORY_EVENTS }, servers);
  return { table: memoryTable(memory), figures: { memory } };
}

void bench()
  .catch((error: unknown) => {
    console.error(`\nThe bench failed: ${describe(error)}`);
    return 1;
  })
  // Servers that a failure left end with this process.
  .then((code) => process.exit(code));
