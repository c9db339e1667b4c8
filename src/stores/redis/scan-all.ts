import { z } from 'zod';
import { GuardError } from '../../core/errors';
import type { RedisCommand } from './redis-link';

/** Keys that Redis looks at in one step: about a tenth of a millisecond of its time. */
const COUNT = 500;
/** Fail-overs during one scan. */
const MOST_RESTARTS = 5;

const page = z.tuple([z.string(), z.array(z.string())]);

/**
 * Walks through the keys of one server. A cursor means nothing on another one: where the primary has moved meanwhile, the
 * walk begins anew.
 *
 * @param epoch changes when the primary does.
 */
export async function* scanAll(
  run: (command: RedisCommand) => Promise<unknown>,
  pattern: string,
  epoch: () => number,
): AsyncGenerator<string[]> {
  let begunAt = epoch();
  let cursor = '0';
  for (let restarts = 0; ;) {
    const [next, keys] = page.parse(await run(['SCAN', cursor, 'MATCH', pattern, 'COUNT', COUNT]));
    if (epoch() !== begunAt) {
      if (restarts++ === MOST_RESTARTS)
        throw new GuardError('GUARD_CACHE_AWAY', `The primary has moved ${restarts} times while keys were listed.`);
      begunAt = epoch();
      cursor = '0';
      continue;
    }
    if (keys.length > 0) yield keys;
    if (next === '0') return;
    cursor = next;
  }
}

/** A pattern that means these very characters. */
export const literal = (text: string) => text.replace(/[\\*?[\]^-]/g, '\\$&');
