import { z } from 'zod';
import { GuardError } from '../../core/errors';
import { readPrimary } from './read-info';
import type { RedisCommand, RedisPrimary } from './redis-link';

const savePoints = z.tuple([z.literal('save'), z.string()]);

/** What a primary tells of itself; whether it saves to a disk only where the user may ask (CONFIG). */
export async function askPrimary(
  address: string,
  run: (command: RedisCommand) => Promise<unknown>,
): Promise<RedisPrimary> {
  const info = z.string().parse(await run(['INFO']));
  const save = await run(['CONFIG', 'GET', 'save']).catch((error: unknown) => {
    if (error instanceof GuardError && error.code === 'GUARD_CACHE_REFUSED') return undefined;
    throw error;
  });
  return readPrimary(address, info, savePoints.safeParse(save).data?.[1]);
}
