import { ReplyError } from 'ioredis';
import { describe, GuardError } from '../../core/errors';
import type { RedisCommand } from './redis-link';

/** Commands that only a primary takes: on a replica they fail by themselves. All others could be answered by one. */
const WRITES = new Set(['SETEX', 'SET', 'HSET', 'HDEL', 'UNLINK', 'DEL', 'EXPIRE', 'RENAME']);

export const isWrite = ([name]: RedisCommand) => WRITES.has(name);

/** Answers of a server that is no primary, or not one yet: another one is to be asked. */
const ELSEWHERE = /^(?:READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN)\b/;

/** Whether the server is to be left: it is no primary, or the connection is gone. */
export function isElsewhere(error: unknown): boolean {
  return !(error instanceof ReplyError) || ELSEWHERE.test((error as Error).message);
}

/** The server's own words, without the values of a command: they may be secrets. */
export function refusal(error: unknown, [name, key]: RedisCommand): GuardError {
  return new GuardError('GUARD_CACHE_REFUSED', `${name} ${key ?? ''}: ${describe(error)}.`, { cause: error });
}
