import type { Pool } from 'pg';
import type { IdempotencyStore } from '../idempotency-store';
import { beginRequests } from './begin-idempotency';
import { endRequests, forgetRequests } from './end-idempotency';
import { purgeRequests } from './purge-idempotency';
import { readRequestSends } from './request-sends-idempotency';
import { isRequestRunning, takeOverRequest } from './take-over-idempotency';

/**
 * Requests with idempotency keys in PostgreSQL.
 *
 * @param pooled whether a pooler hands connections out for a transaction at a time: then the server keeps no plans.
 */
export function createPostgresIdempotency(pool: Pool, schema: string, pooled: boolean): IdempotencyStore {
  return {
    begin: (owner, requests) => beginRequests(pool, schema, !pooled, owner, requests),
    end: (answers) => endRequests(pool, schema, !pooled, answers),
    forget: (runs) => forgetRequests(pool, schema, runs),
    takeOver: (owner, request, from) => takeOverRequest(pool, schema, owner, request, from),
    isRunning: (run) => isRequestRunning(pool, schema, run),
    sends: (requestId) => readRequestSends(pool, schema, requestId),
    purge: (olderThanMs, limit) => purgeRequests(pool, schema, olderThanMs, limit),
  };
}
