import { startGuard } from './contenders/guard';
import { startStock } from './contenders/stock';
import { openWriter, startWriter } from './contenders/writer';
import { PREFIX } from './installation';
import type { Caches } from './service';
import type { Deletes, EngineName, Messages, Task } from './task';
import { Traffic } from './traffic';

/** Works until the time of performance.now(). @param times filled. @returns how many calls it made. */
export type Work = (until: number, times: number[]) => Promise<number>;

const START: Record<EngineName, (redisUrl: string) => Promise<Caches>> = {
  guard: startGuard,
  stock: startStock,
  fenced: (redisUrl) => startWriter(redisUrl, true),
  unfenced: (redisUrl) => startWriter(redisUrl, false),
};

export function workOn(task: Task, redisUrl: string): Promise<Work> {
  return task.kind === 'messages' ? handleMessages(task, redisUrl) : makeDeletes(task, redisUrl);
}

/** Callers that each handle one message after the other. */
async function handleMessages({ engine, size, values, concurrency }: Messages & Task, redisUrl: string): Promise<Work> {
  const traffic = new Traffic(await START[engine](redisUrl), size, values);
  await traffic.fill();
  return async (until, times) => {
    let calls = 0;
    const caller = async () => {
      for (let from = performance.now(); from < until;) {
        const made = await traffic.message();
        calls += made;
        const now = performance.now();
        times.push(now - from);
        from = now;
      }
    };
    await Promise.all(Array.from({ length: concurrency }, caller));
    await traffic.settled();
    return calls;
  };
}

const VALUE = 'x'.repeat(200);

/** Callers that each make a key, if it is to be there, and delete it. */
async function makeDeletes({ isVerified, isThere, concurrency }: Deletes & Task, redisUrl: string): Promise<Work> {
  const { run, engineOf } = await openWriter(redisUrl, true);
  const cache = engineOf('instance');
  const remove = isVerified
    ? (key: string) => cache.delete(key)
    : (key: string) => run(['UNLINK', `${PREFIX}:instance:${key}`]);
  return async (until) => {
    let deletes = 0;
    const caller = async (_: unknown, index: number) => {
      for (; performance.now() < until; deletes++) {
        if (isThere) await cache.set(`deleted-${index}`, VALUE);
        await remove(`deleted-${index}`);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, caller));
    return deletes;
  };
}
