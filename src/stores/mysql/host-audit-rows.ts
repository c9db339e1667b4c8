import type { Log } from '../../core/log';
import { byName, type AuditedInstance, type HostAuditRows, type NamedRow } from '../host-audit-rows';
import { asDatabaseError } from './errors';
import { MysqlPool } from './pool';

/** Statements follow each other. */
const CONNECTIONS = 1;
/** An empty list is no SQL: nothing is equal to NULL. */
const list = (values: readonly string[]) => (values.length > 0 ? values : [null]);

/** Both sides of the comparison are in the zone of the session. */
const AUDITED = `SELECT Instance.id, name, connectionStatus, ownerJid, creds AS session,
    COALESCE(updatedAt < NOW() - INTERVAL 1 DAY, FALSE) AS isSettled
  FROM Instance LEFT JOIN Session ON sessionId = Instance.id
  WHERE integration = 'WHATSAPP-BAILEYS' AND clientName = ?`;

/** The host's tables in MySQL or MariaDB. */
export function createMysqlAuditRows({ uri, log }: { uri: string; log: Log }): HostAuditRows {
  const pool = new MysqlPool({ uri, connections: CONNECTIONS, log });

  const query = async <Row>(sql: string, values: unknown[]): Promise<Row[]> =>
    pool.query<Row[]>(sql, values).catch((error: unknown) => {
      throw asDatabaseError(error);
    });
  const audited = async (condition: string, values: unknown[]) =>
    (await query<AuditedInstance>(`${AUDITED} AND ${condition}`, values)).map((row) => ({
      ...row,
      isSettled: Boolean(row.isSettled),
    }));

  return {
    find: (ids, names) =>
      query('SELECT id, name FROM Instance WHERE id IN (?) OR name IN (?)', [list(ids), list(names)]),
    chatwoot: async (names) =>
      byName(
        await query<NamedRow>(
          `SELECT Chatwoot.*, Instance.name AS nameOfInstance FROM Chatwoot
           JOIN Instance ON Instance.id = instanceId WHERE Instance.name IN (?)`,
          [list(names)],
        ),
      ),
    page: (clientName, afterId, limit) =>
      audited('Instance.id > ? ORDER BY Instance.id LIMIT ?', [clientName, afterId, limit]),
    read: (clientName, ids) => audited('Instance.id IN (?)', [clientName, list(ids)]),
    stop: () => pool.end(),
  };
}
