import { PrimaryCache } from '../../../src/cache/primary-cache';
import { systemClock } from '../../../src/core/clock';
import { CommandWriter } from '../../../src/stores/redis/command-writer';
import { connect, serverOf } from '../../../src/stores/redis/connect';
import type { RedisCommand } from '../../../src/stores/redis/redis-link';
import { isWrite } from '../../../src/stores/redis/redis-replies';
import { placeOf, PREFIX, TTL_SECONDS } from './installation';
import { handling } from './messages';
import { takeTurns, type Round } from './rounds';
import { cachesOf } from './service';
import type { Results, Task } from './task';
import { Traffic } from './traffic';

const SIZE = 200;
const TIMEOUT_MS = 2_000;

/** The same messages on one writer each, whose reads have the fence before them, or none. */
export async function measureVerification(
  redisUrl: string,
  task: Extract<Task, { kind: 'verification' }>,
): Promise<Results['verification']> {
  const trafficOn = async (isFenced: boolean) => {
    const writer = await openWriter(redisUrl);
    const run = (command: RedisCommand) => sent(writer, command, isFenced && !isWrite(command));
    return new Traffic(
      cachesOf((module) => engineOn(run, module)),
      SIZE,
      'texts',
    );
  };
  const [fenced, unfenced] = [await trafficOn(true), await trafficOn(false)];
  await fenced.fill();
  const { concurrency } = task;
  return takeTurns(['fenced', handling(fenced, concurrency)], ['unfenced', handling(unfenced, concurrency)], task);
}

/** A delete that looks whether the key is gone, and the command alone; of keys that are there, and of others. */
export async function measureDeletes(
  redisUrl: string,
  task: Extract<Task, { kind: 'deletes' }>,
): Promise<Results['deletes']> {
  const writer = await openWriter(redisUrl);
  const run = (command: RedisCommand) => sent(writer, command, !isWrite(command));
  const cache = engineOn(run, 'instance');
  const verified = (key: string) => cache.delete(key);
  const plain = (key: string) => run(['UNLINK', `${PREFIX}:instance:${key}`]);
  const compare = (isThere: boolean) => {
    const set = async (key: string) => (isThere ? cache.set(key, 'x'.repeat(SIZE)) : undefined);
    const round = (remove: (key: string) => Promise<unknown>) => deleting(set, remove, task.concurrency);
    return takeTurns(['verified', round(verified)], ['plain', round(plain)], task);
  };
  return { present: await compare(true), absent: await compare(false) };
}

function deleting(
  set: (key: string) => Promise<void>,
  remove: (key: string) => Promise<unknown>,
  callers: number,
): Round {
  return async (until) => {
    let deletes = 0;
    const caller = async (_: unknown, index: number) => {
      for (; performance.now() < until; deletes++) {
        await set(`deleted-${index}`);
        await remove(`deleted-${index}`);
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
    return deletes;
  };
}

function engineOn(run: (command: RedisCommand) => Promise<unknown>, module: string): PrimaryCache {
  const scan = () => {
    throw new Error('messages list no keys');
  };
  return new PrimaryCache({ link: { run, scan }, prefix: PREFIX, module, ttlSeconds: TTL_SECONDS });
}

async function openWriter(redisUrl: string): Promise<CommandWriter> {
  const client = await connect(serverOf(new URL(redisUrl).host), placeOf(redisUrl), TIMEOUT_MS);
  return new CommandWriter({ client, fenceKey: `${PREFIX}:guard:fence`, believedMs: TIMEOUT_MS, clock: systemClock });
}

function sent(writer: CommandWriter, command: RedisCommand, isRead: boolean): Promise<unknown> {
  return new Promise((resolve, reject) => writer.send(command, isRead, resolve, reject));
}
