import type { Pool } from 'pg';

/** In: instance. Out: Baileys' creds. Locks: none. */
export async function readSession(pool: Pool, table: string, id: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ creds: string | null }>(`SELECT creds FROM ${table} WHERE "sessionId" = $1`, [
    id,
  ]);
  return rows[0]?.creds ?? undefined;
}

/**
 * In: instance, creds. Out: nothing. Locks: the row written. Its own id is the instance's: an instance has one session, and
 * nothing names a session by its id.
 */
export async function writeSession(pool: Pool, table: string, id: string, creds: string): Promise<void> {
  await pool.query(
    `INSERT INTO ${table} (id, "sessionId", creds) VALUES ($1, $1, $2)
     ON CONFLICT ("sessionId") DO UPDATE SET creds = excluded.creds`,
    [id, creds],
  );
}

/** In: instance. Out: nothing. Locks: the row deleted. */
export async function deleteSession(pool: Pool, table: string, id: string): Promise<void> {
  await pool.query(`DELETE FROM ${table} WHERE "sessionId" = $1`, [id]);
}
