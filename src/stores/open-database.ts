import { Database, type DatabaseOptions } from './database';
import type { Engine, EngineOptions } from './engine';

/**
 * Opens the database that a URI names: its scheme tells the kind, and only the driver of that kind is loaded.
 *
 * @returns at once: the first statement opens the first connection.
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  if (/^(mysql|mariadb):/.test(options.uri)) {
    const { createMysqlEngine } = await import('./mysql/engine.js');
    return createMysqlEngine(options);
  }
  const { createPostgresEngine } = await import('./postgres/engine.js');
  return createPostgresEngine(options);
}

/** The same behind a gate that opens when the own tables are there; see Database. */
export async function openDatabase(options: EngineOptions & DatabaseOptions): Promise<Database> {
  return new Database(await openEngine(options), options);
}
