import type Redis from 'ioredis';
import { ReplyError } from 'ioredis';
import { z } from 'zod';
import { describe } from '../../core/errors';
import { within } from '../../core/within';
import type { RedisAccess, RedisServer } from '../../core/redis-place';
import { addressOf, connect } from './connect';

/** A server that says of itself that it is the primary, and the open connection to it. */
export interface FoundPrimary {
  client: Redis;
  server: RedisServer;
  /** Sentences for the operator about the way there. */
  warnings: string[];
}

interface Candidate extends FoundPrimary {
  replicas: number;
  offset: number;
}

/** ROLE, as a primary and as a replica answer it (redis.io/commands/role). */
const role = z.union([
  z.tuple([z.literal('master'), z.coerce.number(), z.array(z.unknown())]).rest(z.unknown()),
  z.tuple([z.literal('slave'), z.string(), z.coerce.number()]).rest(z.unknown()),
]);

/** Replicas of replicas that are followed. */
const MOST_STEPS = 3;

/**
 * Asks servers of one installation who they are, all at once; a replica leads to its primary. Of several that call
 * themselves primary (an old one that came back, and nobody has told it) the one that has replicas wins, then the one that
 * has written more.
 *
 * @param mostSteps from a replica to its primary; 0: replicas are not followed.
 * @throws Error that names every server with what is wrong with it.
 */
export async function findPrimary(
  servers: readonly RedisServer[],
  access: RedisAccess,
  timeoutMs: number,
  mostSteps = MOST_STEPS,
): Promise<FoundPrimary> {
  const outcomes = await Promise.allSettled(servers.map((server) => follow(server, access, timeoutMs, mostSteps)));
  const found = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const [best, ...others] = found.sort((a, b) => b.replicas - a.replicas || b.offset - a.offset);
  for (const { client } of others) client.disconnect();
  if (best) return best;
  const reasons = outcomes.map((each) => (each.status === 'rejected' ? describe(each.reason) : ''));
  throw new Error(reasons.join('; '));
}

async function follow(
  from: RedisServer,
  access: RedisAccess,
  timeoutMs: number,
  mostSteps: number,
): Promise<Candidate> {
  const warnings: string[] = [];
  let server = from;
  for (let step = 0; step <= mostSteps; step++) {
    const client = await connect(server, access, timeoutMs).catch((error: unknown) => {
      throw new Error(`${addressOf(server)}: ${describe(error)}`, { cause: error });
    });
    try {
      const answer = await within(timeoutMs, askRole(client));
      if (answer === undefined) {
        warnings.push(`${addressOf(server)} does not tell its role (ROLE): it is taken for the primary`);
        return { client, server, warnings, replicas: 0, offset: 0 };
      }
      if (answer[0] === 'master') return { client, server, warnings, replicas: answer[2].length, offset: answer[1] };
      const next = { host: answer[1], port: answer[2] };
      warnings.push(`${addressOf(server)} is a replica: its primary ${addressOf(next)} is used`);
      server = next;
    } catch (error) {
      client.disconnect();
      throw new Error(`${addressOf(server)}: ${describe(error)}`, { cause: error });
    }
    client.disconnect();
  }
  throw new Error(`${addressOf(from)}: it is a replica`);
}

/** @returns nothing where the server may not be asked: a proxy, or a user without the permission. */
async function askRole(client: Redis): Promise<z.output<typeof role> | undefined> {
  try {
    return role.parse(await client.role());
  } catch (error) {
    if (error instanceof ReplyError && /^(?:NOPERM|ERR unknown command)/.test((error as Error).message))
      return undefined;
    throw error;
  }
}
