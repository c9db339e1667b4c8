import { Pool } from 'pg';
import { describe, GuardError } from '../../core/errors';
import type { Log } from '../../core/log';

export interface PoolOptions {
  uri: string;
  connections: number;
  log: Log;
}

/** How long a connection attempt and a statement may take before the server counts as gone (half-open TCP). */
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 30_000;

/** The host's URI without the parameters that only Prisma knows. */
export function withoutPrismaParameters(uri: string): string {
  const url = new URL(uri);
  for (const name of ['schema', 'pgbouncer', 'connection_limit', 'pool_timeout']) url.searchParams.delete(name);
  return url.toString();
}

/** The one pool of the plugin. */
export function createPool({ uri, connections, log }: PoolOptions): Pool {
  const pool = new Pool({
    connectionString: withoutPrismaParameters(uri),
    max: connections,
    application_name: 'evolution-guard',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS,
    keepAlive: true,
  });
  // An idle connection that dies must not bring the process down; the next statement opens another.
  pool.on('error', (error) => log.warn({ detail: describe(error) }, 'an idle database connection was lost'));
  return pool;
}

/** SQLSTATE classes 28 (authentication), 3D (no such database) and 42501 (permission): waiting does not cure them. */
const REFUSED = /^(28|3D|42501)/;

/** What the operator is told about an error of the driver. */
export function asDatabaseError(error: unknown): GuardError {
  if (error instanceof GuardError) return error;
  const state = (error as { code?: unknown } | null)?.code;
  const code =
    typeof state === 'string' && REFUSED.test(state) ? 'GUARD_DATABASE_REFUSED' : 'GUARD_DATABASE_UNREACHABLE';
  return new GuardError(code, `${describe(error)}.`, { cause: error });
}
