import { loadavg } from 'node:os';
import { describe } from '../../../src/core/errors';
import { Progress } from '../../host/progress';
import { startPostgres, startRedis } from '../../services';
import { RETRY_DELAYS_MS, SHIPPED_DELAY_MS } from './contenders/redlock';
import { figuresOf, isKept, type Measured } from './figures';
import type { SenderName } from './names';
import { readOptions, type Part } from './options';
import { runTask, type Servers } from './run-task';
import { sendsTable } from './table';
import type { Cost, Rate, Results } from './task';
import { measureTwoProcesses } from './two-processes';

interface Run {
  servers: Servers;
  seconds: number;
  say: (text: string) => void;
}

const GAP_MS = 2;
const SENDS = 200;
const CALLERS = { chats: 100, callers: 200 };
const BURSTS = { chats: 20, size: 50 };
/** Which pause is the best for Redlock is found out with shorter runs. */
const TRIAL_SECONDS = 3;

async function bench(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const out = options.json ? process.stderr : process.stdout;
  const progress = new Progress(out);
  const load = loadavg()[0] ?? 0;
  if (load > 1)
    progress.say(`this machine is busy (load ${load.toFixed(1)}): the figures will be worse than they could be`);

  progress.say('starting servers for this run alone');
  const own = { private: true };
  const [postgres, redis] = await Promise.all([startPostgres(own), startRedis(own)]);
  const servers = { databaseUrl: postgres.url, redisUrl: redis.url, profile: options.profile };
  const run: Run = { servers, seconds: options.seconds, say: (text) => progress.say(text) };
  const measured: Measured = {};
  for (const part of options.only) {
    progress.say(part);
    Object.assign(measured, { [part]: await PARTS[part](run) });
  }
  out.write(sendsTable(measured));
  if (options.json) process.stdout.write(`${JSON.stringify(figuresOf(measured))}\n`);
  await Promise.all([postgres.stop(), redis.stop()]);
  return isKept(measured) ? 0 : 1;
}

const PARTS: { [P in Part]: (run: Run) => Promise<NonNullable<Measured[P]>> } = {
  async order({ servers }) {
    const measure = (sender: SenderName): Promise<Results['order']> =>
      runTask<'order'>({ kind: 'order', sender, sends: SENDS, gapMs: GAP_MS }, servers);
    return { guarded: await measure('guarded'), straight: await measure('straight') };
  },

  async throughput({ servers, seconds }) {
    const measure = (sender: SenderName): Promise<Rate> =>
      runTask<'throughput'>({ kind: 'throughput', sender, ...CALLERS, seconds }, servers);
    return {
      guarded: await measure('guarded'),
      ordered: await measure('ordered'),
      straight: await measure('straight'),
    };
  },

  async cost({ servers, seconds }) {
    const measure = (pace: { chats: number; perSecond: number; answerMs: [number, number] }): Promise<Cost> =>
      runTask<'paced'>({ kind: 'paced', sender: 'guarded', pace: { ...pace, seconds } }, servers);
    return {
      hundredChats: await measure({ chats: 100, perSecond: 100, answerMs: [5, 80] }),
      // Answers come before the next send does: else it would have to wait for its turn, whoever sends.
      oneChat: await measure({ chats: 1, perSecond: 20, answerMs: [5, 40] }),
    };
  },

  async redlock(run) {
    const tried = new Map<number, Rate>();
    for (const delay of RETRY_DELAYS_MS) {
      run.say(`  Redlock, asking every ${delay} ms`);
      tried.set(delay, await bursts('redlock', { ...run, seconds: Math.min(TRIAL_SECONDS, run.seconds) }, delay));
    }
    const [[bestDelayMs] = [0]] = [...tried].sort(([, a], [, b]) => b.sendsPerSecond - a.sendsPerSecond);
    run.say('  the best of them, its own, and the guard');
    return {
      guarded: await bursts('guarded', run),
      shipped: await bursts('redlock', run, SHIPPED_DELAY_MS),
      best: await bursts('redlock', run, bestDelayMs),
      bestDelayMs,
      chained: await bursts('chainedRedlock', run),
      tried: Object.fromEntries([...tried].map(([delay, rate]) => [delay, rate.sendsPerSecond])),
    };
  },

  processes: ({ servers }) => measureTwoProcesses(servers, SENDS, GAP_MS),

  async bullmq(run) {
    const both = async (sender: SenderName): Promise<Rate & { cost: Cost }> => {
      const pace = { chats: BURSTS.chats, perSecond: 100, answerMs: [0, 0] as const, seconds: run.seconds };
      const rate = await bursts(sender, run);
      return { ...rate, cost: await runTask<'paced'>({ kind: 'paced', sender, pace }, run.servers) };
    };
    return { guarded: await both('guarded'), bullmq: await both('bullmq') };
  },
};

function bursts(sender: SenderName, { servers, seconds }: Run, retryDelayMs = 0): Promise<Rate> {
  return runTask<'bursts'>({ kind: 'bursts', sender, ...BURSTS, seconds, retryDelayMs }, servers);
}

void bench()
  .catch((error: unknown) => {
    console.error(`\nThe bench failed: ${describe(error)}`);
    return 1;
  })
  // Servers that a failure left end with this process.
  .then((code) => process.exit(code));
