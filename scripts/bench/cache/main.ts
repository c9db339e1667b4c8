import { loadavg } from 'node:os';
import { describe } from '../../../src/core/errors';
import { Progress } from '../../host/progress';
import { startRedis } from '../../services';
import { Contender } from './contender';
import { CONCURRENCIES, figuresOf, SIZES, type ByConcurrency, type BySize, type Measured } from './figures';
import { readOptions, type Part } from './options';
import { takeTurns, type Comparison } from './rounds';
import { cacheTable } from './table';
import type { Task, Values } from './task';

/** Of each contender; the seconds of a measurement are divided among them. */
const ROUNDS = 21;
const DELETES_AT_A_TIME = 16;

type Compare = (title: string, own: Task, other: Task) => Promise<Comparison>;

async function bench(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const out = options.json ? process.stderr : process.stdout;
  const progress = new Progress(out);
  const load = loadavg()[0] ?? 0;
  if (load > 1)
    progress.say(
      `this machine is busy (load ${load.toFixed(1)}): rates will be lower than they could be, and ratios waver`,
    );

  progress.say('starting a Redis for this run alone');
  const redis = await startRedis({ private: true });
  const pace = { rounds: ROUNDS, roundMs: (options.seconds * 1000) / ROUNDS };
  const compare: Compare = async (title, own, other) => {
    progress.say(`${title}, ${own.concurrency} at a time`);
    const contenders = [
      await Contender.start(own, redis.url, options.profile),
      await Contender.start(other, redis.url, options.profile),
    ] as const;
    const compared = await takeTurns(...contenders, pace);
    for (const each of contenders) await each.stop();
    return compared;
  };
  const measured: Measured = {};
  for (const part of options.only) Object.assign(measured, { [part]: await PARTS[part](compare) });
  out.write(cacheTable(measured));
  if (options.json) process.stdout.write(`${JSON.stringify(figuresOf(measured))}\n`);
  await redis.stop();
}

const PARTS: { [P in Part]: (compare: Compare) => Promise<NonNullable<Measured[P]>> } = {
  messages: (compare) => messages(compare, 'texts'),
  objects: (compare) => messages(compare, 'objects'),
  verification: (compare) =>
    byConcurrency((concurrency) => {
      const task = { kind: 'messages', size: 200, values: 'texts', concurrency } as const;
      return compare('fence', { ...task, engine: 'fenced' }, { ...task, engine: 'unfenced' });
    }),
  async deletes(compare) {
    const deletes = (isThere: boolean) => {
      const task = { kind: 'deletes', isThere, concurrency: DELETES_AT_A_TIME } as const;
      return compare('deletes', { ...task, isVerified: true }, { ...task, isVerified: false });
    };
    return { present: await deletes(true), absent: await deletes(false) };
  },
};

function messages(compare: Compare, values: Values): Promise<NonNullable<Measured['messages']>> {
  return byConcurrency(async (concurrency) => {
    const sizes: Partial<BySize<Comparison>> = {};
    for (const size of SIZES) {
      const task = { kind: 'messages', size, values, concurrency } as const;
      const title = `${values} of ${size} bytes`;
      sizes[`b${size}`] = await compare(title, { ...task, engine: 'guard' }, { ...task, engine: 'stock' });
    }
    return sizes as BySize<Comparison>;
  });
}

async function byConcurrency<T>(
  measure: (concurrency: (typeof CONCURRENCIES)[number]) => Promise<T>,
): Promise<ByConcurrency<T>> {
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
