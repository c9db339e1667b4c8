import { loadavg } from 'node:os';
import { join } from 'node:path';
import { describe } from '../../../src/core/errors';
import { Progress } from '../../host/progress';
import { startRedis } from '../../services';
import { inChild } from '../in-child';
import { CONCURRENCIES, figuresOf, SIZES, type ByConcurrency, type BySize, type Concurrency, type Measured } from './figures'; // prettier-ignore
import { readOptions, type Part } from './options';
import { cacheTable } from './table';
import type { Results, Task, Values } from './task';

/** Rounds of each contender; the seconds of a measurement are divided among them. */
const ROUNDS = 21;
const DELETES_AT_A_TIME = 16;

type Run = <K extends keyof Results>(
  task: Omit<Extract<Task, { kind: K }>, 'rounds' | 'roundMs'>,
) => Promise<Results[K]>;

async function bench(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const out = options.json ? process.stderr : process.stdout;
  const progress = new Progress(out);
  const load = loadavg()[0] ?? 0;
  if (load > 1) progress.say(`this machine is busy (load ${load.toFixed(1)}): rates are lower, and ratios waver`);

  progress.say('starting a Redis for this run alone');
  const redis = await startRedis({ private: true });
  const run: Run = (task) => {
    const { kind, concurrency, ...rest } = task;
    progress.say([kind, `${concurrency} at a time`, ...Object.values(rest)].join(', '));
    const pace = { rounds: ROUNDS, roundMs: (options.seconds * 1000) / ROUNDS };
    return inChild(join(__dirname, 'child.js'), { task: { ...task, ...pace }, redisUrl: redis.url }, options.profile);
  };
  const measured: Measured = {};
  for (const part of options.only) Object.assign(measured, { [part]: await PARTS[part](run) });
  out.write(cacheTable(measured));
  if (options.json) process.stdout.write(`${JSON.stringify(figuresOf(measured))}\n`);
  await redis.stop();
}

const PARTS: { [P in Part]: (run: Run) => Promise<NonNullable<Measured[P]>> } = {
  messages: (run) => messages(run, 'texts'),
  objects: (run) => messages(run, 'objects'),
  verification: (run) => byConcurrency((concurrency) => run<'verification'>({ kind: 'verification', concurrency })),
  deletes: (run) => run<'deletes'>({ kind: 'deletes', concurrency: DELETES_AT_A_TIME }),
};

function messages(run: Run, values: Values): Promise<NonNullable<Measured['messages']>> {
  return byConcurrency(async (concurrency) => {
    const sizes: Partial<BySize<Results['messages']>> = {};
    for (const size of SIZES)
      sizes[`b${size}`] = await run<'messages'>({ kind: 'messages', concurrency, size, values });
    return sizes as BySize<Results['messages']>;
  });
}

async function byConcurrency<T>(measure: (concurrency: Concurrency) => Promise<T>): Promise<ByConcurrency<T>> {
  const measured: Partial<ByConcurrency<T>> = {};
  for (const concurrency of CONCURRENCIES) measured[`c${concurrency}`] = await measure(concurrency);
  return measured as ByConcurrency<T>;
}

void bench()
  .then(() => 0)
  .catch((error: unknown) => {
    console.error(`\nThe bench failed: ${describe(error)}`);
    return 1;
  })
  // Servers that a failure left end with this process.
  .then((code) => process.exit(code));
