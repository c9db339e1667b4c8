import { startGuard } from './contenders/guard';
import { startStock } from './contenders/stock';
import { quantile, takeTurns, type Round } from './rounds';
import type { MessageTimes, Results, Task } from './task';
import { Traffic } from './traffic';

/** Callers that each handle one message after the other, on the guard's engine and on one in the host's way. */
export async function measureMessages(
  redisUrl: string,
  task: Extract<Task, { kind: 'messages' }>,
): Promise<Results['messages']> {
  const [guard, stock] = [await startGuard(redisUrl), await startStock(redisUrl)].map(
    (caches) => new Traffic(caches, task.size, task.values),
  ) as [Traffic, Traffic];
  await stock.fill();
  const times = { guard: [] as number[], stock: [] as number[] };
  const compared = await takeTurns(
    ['guard', handling(guard, task.concurrency, times.guard)],
    ['stock', handling(stock, task.concurrency, times.stock)],
    task,
  );
  return { ...compared, times: { guard: quantilesOf(times.guard), stock: quantilesOf(times.stock) } };
}

/** @param times filled, in milliseconds; nothing: they are not taken. */
export function handling(traffic: Traffic, callers: number, times?: number[]): Round {
  return async (until) => {
    let calls = 0;
    const caller = async () => {
      for (let from = performance.now(); from < until;) {
        const made = await traffic.message();
        calls += made;
        const now = performance.now();
        times?.push(now - from);
        from = now;
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
    await traffic.settled();
    return calls;
  };
}

function quantilesOf(times: readonly number[]): MessageTimes {
  return { p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
}
