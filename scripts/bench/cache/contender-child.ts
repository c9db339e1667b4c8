import { describe } from '../../../src/core/errors';
import { workOn, type Work } from './work';
import type { Order, Reply, RoundResult } from './task';

/** The process of a contender: makes its connections, then works whenever it is told to. */
let work: Work;

async function follow(order: Order): Promise<Reply> {
  if ('roundMs' in order) return round(order.roundMs);
  work = await workOn(order.start, order.redisUrl);
  return { isReady: true };
}

async function round(roundMs: number): Promise<RoundResult> {
  const times: number[] = [];
  const cpu = process.cpuUsage();
  const from = performance.now();
  const calls = await work(from + roundMs, times);
  const ms = performance.now() - from;
  const { user, system } = process.cpuUsage(cpu);
  return { callsPerSecond: (calls / ms) * 1000, cpuUsPerCall: (user + system) / calls, times };
}

process.on('message', (order: Order) => {
  follow(order)
    .catch((error: unknown): Reply => ({ error: describe(error) }))
    .then((reply) => process.send?.(reply))
    .catch(() => process.exit(1));
});
// A profile is written at exit.
process.once('disconnect', () => process.exit());
