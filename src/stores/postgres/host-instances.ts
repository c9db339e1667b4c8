import { DatabaseError, type Pool } from 'pg';
import { GuardError } from '../../core/errors';
import type { HostInstance, HostRows } from '../host-rows';

const RECORD = `id, name, "connectionStatus", "ownerJid", integration, number, "businessId", token, "clientName"`;
const UNIQUE_VIOLATION = '23505';

/** In: what follows WHERE, and its value. Out: the rows. Locks: none. */
export async function findInstances(
  pool: Pool,
  table: string,
  condition: string,
  value: string,
): Promise<HostInstance[]> {
  const { rows } = await pool.query<HostInstance>(`SELECT ${RECORD} FROM ${table} WHERE ${condition}`, [value]);
  return rows;
}

/** In: id. Out: nothing. Locks: the row; nothing that adds rows to the instance waits for it. */
export async function closeInstance(pool: Pool, table: string, id: string): Promise<void> {
  await pool.query(`UPDATE ${table} SET "connectionStatus" = 'close' WHERE id = $1`, [id]);
}

/**
 * Takes an instance out of the host's sight. In: id, name, client name. Out: whether it was there.
 * Locks: the row, for this one statement. As the name is a key, the server lets nobody add rows to the instance meanwhile,
 * and waits for whoever is adding some. Nothing else is read or written, however many rows the instance has: 0.1 ms with a
 * million messages.
 */
export async function hideInstance(
  pool: Pool,
  table: string,
  id: string,
  { name, clientName }: Parameters<HostRows['hide']>[1],
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `UPDATE ${table} SET name = $2, token = NULL, "clientName" = $3 WHERE id = $1`,
    [id, name, clientName],
  );
  return rowCount === 1;
}

/**
 * Gives it back; of Baileys' channel, the one that pairs, not connected. In: id, name, token, client name. Out: whether it was there. Locks: as above.
 *
 * @throws GuardError GUARD_INSTANCE_NAME_TAKEN
 */
export async function showInstance(
  pool: Pool,
  table: string,
  id: string,
  { name, token, clientName }: Parameters<HostRows['show']>[1],
): Promise<boolean> {
  try {
    const { rowCount } = await pool.query(
      `UPDATE ${table} SET name = $2, token = $3, "clientName" = $4,
         "connectionStatus" = CASE WHEN integration <> 'WHATSAPP-BAILEYS' THEN "connectionStatus" ELSE 'close' END
       WHERE id = $1`,
      [id, name, token, clientName],
    );
    return rowCount === 1;
  } catch (error) {
    if (!(error instanceof DatabaseError && error.code === UNIQUE_VIOLATION)) throw error;
    throw new GuardError('GUARD_INSTANCE_NAME_TAKEN', `It is "${name}".`, { cause: error });
  }
}
