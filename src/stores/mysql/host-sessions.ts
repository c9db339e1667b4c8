import type { MysqlPool } from './pool';

/** In: instance. Out: Baileys' creds. Locks: none. */
export async function readSession(pool: MysqlPool, id: string): Promise<string | undefined> {
  const [row] = await pool.query<{ creds: string | null }[]>('SELECT creds FROM Session WHERE sessionId = ?', [id]);
  return row?.creds ?? undefined;
}

/**
 * In: instance, creds. Out: nothing. Locks: the row written. Its own id is the instance's: an instance has one session, and
 * nothing names a session by its id.
 */
export async function writeSession(pool: MysqlPool, id: string, creds: string): Promise<void> {
  await pool.query(
    'INSERT INTO Session (id, sessionId, creds) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE creds = VALUES(creds)',
    [id, id, creds],
  );
}

/** In: instance. Out: nothing. Locks: the row deleted. */
export async function deleteSession(pool: MysqlPool, id: string): Promise<void> {
  await pool.query('DELETE FROM Session WHERE sessionId = ?', [id]);
}
