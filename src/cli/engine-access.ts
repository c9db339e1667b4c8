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
