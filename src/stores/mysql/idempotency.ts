import type { IdempotencyStore } from '../idempotency-store';
import { beginRequests } from './begin-idempotency';
import { endRequests, forgetRequests } from './end-idempotency';
import type { MysqlPool } from './pool';
import { purgeRequests } from './purge-idempotency';
import { readRequestSends } from './request-sends-idempotency';
import { isRequestRunning, takeOverRequest } from './take-over-idempotency';

/** Requests with idempotency keys in MySQL or MariaDB. */
export function createMysqlIdempotency(pool: MysqlPool, schema: string): IdempotencyStore {
  return {
    begin: (owner, requests) => beginRequests(pool, schema, owner, requests),
    end: (answers) => endRequests(pool, schema, answers),
    forget: (runs) => forgetRequests(pool, schema, runs),
    takeOver: (owner, request, from) => takeOverRequest(pool, schema, owner, request, from),
    isRunning: (run) => isRequestRunning(pool, schema, run),
    sends: (requestId) => readRequestSends(pool, schema, requestId),
    purge: (olderThanMs, limit) => purgeRequests(pool, schema, olderThanMs, limit),
  };
}
