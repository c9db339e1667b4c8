import type { Pool } from 'pg';
import type { ArchiveRecord } from '../instance-store';

/** Of a row; the last part has fewer. */
const PART_BYTES = 1024 * 1024;

const RECORD = `a.id, a.instance_id AS "instanceId", a.name, a.reason, a.is_encrypted AS "isEncrypted", a.bytes,
  a.taken_at AS "takenAt"`;

type ArchiveRow = Omit<ArchiveRecord, 'takenAt'> & { takenAt: Date };

const asRecord = ({ id, instanceId, name, reason, isEncrypted, bytes, takenAt }: ArchiveRow): ArchiveRecord => {
  return { id, instanceId, name, reason, isEncrypted, bytes, takenAt: takenAt.getTime() };
};

/**
 * Stores a body, cut into parts by the server: one statement, so all of it is there or nothing.
 *
 * In: the record, its body. Out: nothing; when it returns, the rows are durable. Locks: the rows written; a repeat waits
 * for the first.
 */
export async function storeArchive(
  pool: Pool,
  schema: string,
  { id, instanceId, name, reason, isEncrypted }: Omit<ArchiveRecord, 'bytes' | 'takenAt'>,
  body: Buffer,
): Promise<void> {
  await pool.query(
    `WITH new AS (
       INSERT INTO "${schema}".credential_archive (id, instance_id, name, reason, is_encrypted, bytes, taken_at)
       VALUES ($1, $2, $3, $4, $5, $7, now()) ON CONFLICT (id) DO NOTHING RETURNING id
     )
     INSERT INTO "${schema}".credential_archive_part (archive_id, part, body)
     SELECT id, part, substring($6::bytea, part * ${PART_BYTES} + 1, ${PART_BYTES})
     FROM new, generate_series(0, ($7 - 1) / ${PART_BYTES}) AS part`,
    [id, instanceId, name, reason, isEncrypted, body, body.length],
  );
}

/** In: instance. Out: what is known of its archives, the newest first. Locks: none. */
export async function listArchives(pool: Pool, schema: string, instanceId: string): Promise<ArchiveRecord[]> {
  const { rows } = await pool.query<ArchiveRow>(
    `SELECT ${RECORD} FROM "${schema}".credential_archive AS a WHERE a.instance_id = $1
     ORDER BY a.taken_at DESC, a.id DESC`,
    [instanceId],
  );
  return rows.map(asRecord);
}

/** In: id. Out: the archive, of one moment: it is not purged halfway. Locks: none. */
export async function readArchive(
  pool: Pool,
  schema: string,
  id: string,
): Promise<{ record: ArchiveRecord; body: Buffer } | undefined> {
  const { rows } = await pool.query<ArchiveRow & { body: Buffer }>(
    `SELECT ${RECORD}, p.body FROM "${schema}".credential_archive AS a
     JOIN "${schema}".credential_archive_part AS p ON p.archive_id = a.id
     WHERE a.id = $1 ORDER BY p.part`,
    [id],
  );
  if (!rows[0]) return undefined;
  return { record: asRecord(rows[0]), body: Buffer.concat(rows.map(({ body }) => body)) };
}

/**
 * Deletes old archives of which the instance has a newer one, the oldest first. In: milliseconds since 1970, limit.
 * Out: how many went. Locks: the rows deleted; those that somebody deletes at this moment are left to him.
 */
export async function purgeArchives(pool: Pool, schema: string, before: number, limit: number): Promise<number> {
  const { rows } = await pool.query<{ gone: number }>(
    `WITH gone AS (
       DELETE FROM "${schema}".credential_archive WHERE id = ANY(ARRAY(
         SELECT a.id FROM "${schema}".credential_archive AS a
         WHERE a.taken_at < to_timestamp($1 / 1000.0) AND EXISTS (
           SELECT FROM "${schema}".credential_archive AS newer
           WHERE newer.instance_id = a.instance_id AND (newer.taken_at, newer.id) > (a.taken_at, a.id)
         )
         ORDER BY a.taken_at LIMIT $2 FOR UPDATE OF a SKIP LOCKED
       ))
       RETURNING id
     ), parts AS (
       DELETE FROM "${schema}".credential_archive_part WHERE archive_id IN (SELECT id FROM gone)
     )
     SELECT count(*)::integer AS gone FROM gone`,
    [before, limit],
  );
  return rows[0]?.gone ?? 0;
}
