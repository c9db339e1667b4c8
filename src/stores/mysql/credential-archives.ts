import type { ArchiveRecord } from '../instance-store';
import { StatementError } from './errors';
import { NOW_MS } from './now';
import type { MysqlPool } from './pool';
import { TRIP_BYTES, transact, type Statement } from './transact';

const RECORD = `a.id, a.instance_id AS instanceId, a.name, a.reason, a.is_encrypted AS isEncrypted, a.bytes,
  a.taken_at AS takenAt`;

type ArchiveRow = Omit<ArchiveRecord, 'isEncrypted'> & { isEncrypted: number };

const asRecord = ({ id, instanceId, name, reason, isEncrypted, bytes, takenAt }: ArchiveRow): ArchiveRecord => {
  return { id, instanceId, name, reason, isEncrypted: Boolean(isEncrypted), bytes, takenAt };
};

/**
 * Stores a body in parts, each a packet of its own, in one transaction: all of it is there or nothing.
 *
 * In: the record, its body. Out: nothing; when it returns, the rows are durable. Locks: the rows written; a repeat waits
 * for the first, and then fails at the key.
 */
export async function storeArchive(
  pool: MysqlPool,
  schema: string,
  { id, instanceId, name, reason, isEncrypted }: Omit<ArchiveRecord, 'bytes' | 'takenAt'>,
  body: Buffer,
): Promise<void> {
  try {
    await transact<{ id: string }>(pool, {
      choose: [
        {
          sql: `INSERT INTO ${schema}_credential_archive (id, instance_id, name, reason, is_encrypted, bytes, taken_at)
                VALUES (?, ?, ?, ?, ?, ?, ${NOW_MS})`,
          values: [id, instanceId, name, reason, isEncrypted, body.length],
        },
        { sql: `SELECT id FROM ${schema}_credential_archive WHERE id = ?`, values: [id] },
      ],
      change: () => partsOf(schema, id, body),
    });
  } catch (error) {
    if (!(error instanceof StatementError && error.isDuplicate && (await isThere(pool, schema, id)))) throw error;
  }
}

const isThere = async (pool: MysqlPool, schema: string, id: string): Promise<boolean> =>
  (await pool.query<unknown[]>(`SELECT id FROM ${schema}_credential_archive WHERE id = ?`, [id])).length > 0;

/** An empty body is one part. */
function partsOf(schema: string, id: string, body: Buffer): Statement[] {
  const parts = Math.max(1, Math.ceil(body.length / TRIP_BYTES));
  return Array.from({ length: parts }, (_, part) => ({
    sql: `INSERT INTO ${schema}_credential_archive_part (archive_id, part, body) VALUES (?, ?, ?)`,
    values: [id, part, body.subarray(part * TRIP_BYTES, (part + 1) * TRIP_BYTES)],
    bytes: TRIP_BYTES,
  }));
}

/** In: instance. Out: what is known of its archives, the newest first. Locks: none. */
export async function listArchives(pool: MysqlPool, schema: string, instanceId: string): Promise<ArchiveRecord[]> {
  const rows = await pool.query<ArchiveRow[]>(
    `SELECT ${RECORD} FROM ${schema}_credential_archive AS a WHERE a.instance_id = ?
     ORDER BY a.taken_at DESC, a.id DESC`,
    [instanceId],
  );
  return rows.map(asRecord);
}

/** In: id. Out: the archive, of one moment: it is not purged halfway. Locks: none. */
export async function readArchive(
  pool: MysqlPool,
  schema: string,
  id: string,
): Promise<{ record: ArchiveRecord; body: Buffer } | undefined> {
  const rows = await pool.query<(ArchiveRow & { body: Buffer })[]>(
    `SELECT ${RECORD}, p.body FROM ${schema}_credential_archive AS a
     JOIN ${schema}_credential_archive_part AS p ON p.archive_id = a.id
     WHERE a.id = ? ORDER BY p.part`,
    [id],
  );
  if (!rows[0]) return undefined;
  return { record: asRecord(rows[0]), body: Buffer.concat(rows.map(({ body }) => body)) };
}

/** In: archives. Out: nothing. Locks: the rows deleted. */
export const removeArchives = (schema: string, ids: readonly string[]): Statement[] =>
  ids.length === 0
    ? []
    : [
        { sql: `DELETE FROM ${schema}_credential_archive WHERE id IN (?)`, values: [ids] },
        { sql: `DELETE FROM ${schema}_credential_archive_part WHERE archive_id IN (?)`, values: [ids] },
      ];

/**
 * Deletes old archives of which the instance has a newer one, the oldest first. In: milliseconds since 1970, limit.
 * Out: how many went. Locks: the rows deleted, and while they are looked for the newer ones.
 */
export async function purgeArchives(pool: MysqlPool, schema: string, before: number, limit: number): Promise<number> {
  const { rows } = await transact<{ id: string }>(pool, {
    choose: [
      {
        sql: `SELECT a.id FROM ${schema}_credential_archive AS a
              WHERE a.taken_at < ? AND EXISTS (
                SELECT 1 FROM ${schema}_credential_archive AS newer
                WHERE newer.instance_id = a.instance_id
                  AND (newer.taken_at > a.taken_at OR newer.taken_at = a.taken_at AND newer.id > a.id)
              )
              ORDER BY a.taken_at LIMIT ? FOR UPDATE`,
        values: [before, limit],
      },
    ],
    change: (old) =>
      removeArchives(
        schema,
        old.map(({ id }) => id),
      ),
  });
  return rows.length;
}
