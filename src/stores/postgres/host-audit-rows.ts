import { escapeIdentifier } from 'pg';
import type { Log } from '../../core/log';
import { byName, type AuditedInstance, type HostAuditRows, type NamedRow } from '../host-audit-rows';
import { asDatabaseError, createPool } from './pool';

/** Statements follow each other. */
const CONNECTIONS = 1;

/** Prisma writes times without a zone as UTC. */
const AUDITED = `instance.id, name, "connectionStatus", "ownerJid", creds AS session,
  coalesce("updatedAt" < (now() AT TIME ZONE 'UTC') - interval '1 day', false) AS "isSettled"`;
const CHANNEL = `integration = 'WHATSAPP-BAILEYS' AND "clientName" = $1`;

/** @param uri the host's own; its parameter `schema` counts, as it does for Prisma. */
export function createPostgresAuditRows({ uri, log }: { uri: string; log: Log }): HostAuditRows {
  const pool = createPool({ uri, connections: CONNECTIONS, log });
  const schema = escapeIdentifier(new URL(uri).searchParams.get('schema') ?? 'public');
  const audited = `SELECT ${AUDITED} FROM ${schema}."Instance" AS instance
    LEFT JOIN ${schema}."Session" ON "sessionId" = instance.id WHERE ${CHANNEL}`;

  const query = async <Row extends object>(sql: string, values: unknown[]): Promise<Row[]> => {
    const { rows } = await pool.query<Row>(sql, values).catch((error: unknown) => {
      throw asDatabaseError(error);
    });
    return rows;
  };

  return {
    find: (ids, names) =>
      query(`SELECT id, name FROM ${schema}."Instance" WHERE id = ANY($1) OR name = ANY($2)`, [ids, names]),
    chatwoot: async (names) =>
      byName(
        await query<NamedRow>(
          `SELECT chatwoot.*, instance.name AS "nameOfInstance" FROM ${schema}."Chatwoot" AS chatwoot
           JOIN ${schema}."Instance" AS instance ON instance.id = "instanceId" WHERE instance.name = ANY($1)`,
          [names],
        ),
      ),
    page: (clientName, afterId, limit) =>
      query<AuditedInstance>(`${audited} AND instance.id > $2 ORDER BY instance.id LIMIT $3`, [
        clientName,
        afterId,
        limit,
      ]),
    read: (clientName, ids) => query<AuditedInstance>(`${audited} AND instance.id = ANY($2)`, [clientName, ids]),
    stop: () => pool.end(),
  };
}
