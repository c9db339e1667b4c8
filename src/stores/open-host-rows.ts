import type { Log } from '../core/log';
import type { HostRows } from './host-rows';

/** Enough for somebody who asks while a purge is under way. */
const CONNECTIONS = 2;

/**
 * Opens the host's own tables, with connections of their own. The scheme of the URI tells the kind of database.
 *
 * @returns at once: the first statement opens the first connection.
 */
export async function openHostRows(uri: string, log: Log): Promise<HostRows> {
  const options = { uri, connections: CONNECTIONS, log };
  if (/^(mysql|mariadb):/.test(uri)) {
    const { createMysqlHostRows } = await import('./mysql/host-rows.js');
    return createMysqlHostRows(options);
  }
  const { createPostgresHostRows } = await import('./postgres/host-rows.js');
  return createPostgresHostRows(options);
}
