import { existsSync } from 'node:fs';
import { GuardError } from '../core/errors';
import { createLog } from '../core/log';
import { readSettings, type Settings } from '../core/settings';
import { assertOwn, type Engine } from '../stores/engine';
import { openEngine } from '../stores/open-database';
import { hostEnvironment } from './host-environment';

const CONNECTIONS = 2;

/**
 * Opens the own tables of a host for one command: the host need not run. Creates no table.
 *
 * @throws GuardError
 */
export async function withEngine<T>(
  hostDir: string,
  action: (engine: Engine, settings: Settings) => Promise<T>,
): Promise<T> {
  if (!existsSync(hostDir)) throw new GuardError('GUARD_HOST_NOT_FOUND', `${hostDir} does not exist.`);
  const settings = readSettings(hostEnvironment(hostDir, process.env));
  const { databaseUri: uri, databaseSchema: schema, clientName } = settings;
  if (!uri) throw new GuardError('GUARD_OUTBOX_ABSENT', `The settings in ${hostDir} name no database.`);
  const engine = await openEngine({ uri, schema, pooled: true, connections: CONNECTIONS, log: createLog('silent') });
  try {
    const owner = await engine.owner().catch((error: unknown) => Promise.reject(engine.asDatabaseError(error)));
    if (owner === undefined) throw new GuardError('GUARD_OUTBOX_ABSENT', `There are no ${engine.place}.`);
    // As at the start of the host: another installation's events must not be touched by mistake.
    assertOwn(engine.place, owner, clientName);
    return await action(engine, settings);
  } finally {
    await engine.close();
  }
}

/**
 * The same for tables that came with a later release than the first.
 *
 * @param what is in them, for people. @throws GuardError
 */
export function withTables<T>(
  hostDir: string,
  what: string,
  action: (engine: Engine, settings: Settings) => Promise<T>,
): Promise<T> {
  return withEngine(hostDir, async (engine, settings) => {
    try {
      return await action(engine, settings);
    } catch (error) {
      if (!isAbsentTable(error)) throw error;
      const detail = `The ${engine.place} are those of a release without ${what}.`;
      throw new GuardError('GUARD_OUTBOX_ABSENT', detail, { cause: error });
    }
  });
}

/** SQLSTATE 42P01 of PostgreSQL, error 1146 of MySQL and MariaDB. */
function isAbsentTable(error: unknown): boolean {
  const { code, errno } = (error ?? {}) as { code?: unknown; errno?: unknown };
  return code === '42P01' || errno === 1146;
}
