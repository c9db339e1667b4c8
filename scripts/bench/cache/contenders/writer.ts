import { PrimaryCache } from '../../../../src/cache/primary-cache';
import { systemClock } from '../../../../src/core/clock';
import { CommandWriter } from '../../../../src/stores/redis/command-writer';
import { connect, serverOf } from '../../../../src/stores/redis/connect';
import type { RedisCommand } from '../../../../src/stores/redis/redis-link';
import { isWrite } from '../../../../src/stores/redis/redis-replies';
import { placeOf, PREFIX, TTL_SECONDS } from '../installation';
import { cachesOf, type Caches } from '../service';

const TIMEOUT_MS = 2_000;

/** The guard's writer on one connection, whose reads have a fence before them, or none. */
export async function startWriter(redisUrl: string, isFenced: boolean): Promise<Caches> {
  const { engineOf } = await openWriter(redisUrl, isFenced);
  return cachesOf(engineOf);
}

export async function openWriter(redisUrl: string, isFenced: boolean) {
  const client = await connect(serverOf(new URL(redisUrl).host), placeOf(redisUrl), TIMEOUT_MS);
  const fenceKey = `${PREFIX}:guard:fence`;
  const writer = new CommandWriter({ client, fenceKey, believedMs: TIMEOUT_MS, clock: systemClock });
  const run = (command: RedisCommand) =>
    new Promise((resolve, reject) => writer.send(command, isFenced && !isWrite(command), resolve, reject));
  const scan = () => {
    throw new Error('nobody lists keys here');
  };
  const engineOf = (module: string) =>
    new PrimaryCache({ link: { run, scan }, prefix: PREFIX, module, ttlSeconds: TTL_SECONDS });
  return { run, engineOf };
}
