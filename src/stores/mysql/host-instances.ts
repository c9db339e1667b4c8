import type { UpsertResult } from 'mariadb';
import { GuardError } from '../../core/errors';
import type { HostInstance, HostRows } from '../host-rows';
import { StatementError } from './errors';
import type { MysqlPool } from './pool';

/** In: what follows WHERE, and its value. Out: the rows. Locks: none. */
export const findInstances = (pool: MysqlPool, condition: string, value: string): Promise<HostInstance[]> =>
  pool.query<HostInstance[]>(
    `SELECT id, name, connectionStatus, ownerJid, integration, number, businessId, token, clientName FROM Instance WHERE ${condition}`,
    [value],
  );

/** In: id. Out: nothing. Locks: the row; who adds rows to the instance waits for it. */
export async function closeInstance(pool: MysqlPool, id: string): Promise<void> {
  await pool.query(`UPDATE Instance SET connectionStatus = 'close' WHERE id = ?`, [id]);
}

/**
 * Takes an instance out of the host's sight. In: id, name, client name. Out: whether it was there.
 * Locks: the row, for this one statement; it waits for whoever is adding rows to the instance. Nothing else is read or
 * written, however many rows the instance has.
 */
export async function hideInstance(
  pool: MysqlPool,
  id: string,
  { name, clientName }: Parameters<HostRows['hide']>[1],
): Promise<boolean> {
  const { affectedRows } = await pool.query<UpsertResult>(
    'UPDATE Instance SET name = ?, token = NULL, clientName = ? WHERE id = ?',
    [name, clientName, id],
  );
  return affectedRows === 1;
}

/**
 * Gives it back; of Baileys' channel, the one that pairs, not connected. In: id, name, token, client name. Out: whether it was there. Locks: as above.
 *
 * @throws GuardError GUARD_INSTANCE_NAME_TAKEN
 */
export async function showInstance(
  pool: MysqlPool,
  id: string,
  { name, token, clientName }: Parameters<HostRows['show']>[1],
): Promise<boolean> {
  try {
    const { affectedRows } = await pool.query<UpsertResult>(
      `UPDATE Instance SET name = ?, token = ?, clientName = ?,
         connectionStatus = CASE WHEN integration <> 'WHATSAPP-BAILEYS' THEN connectionStatus ELSE 'close' END
       WHERE id = ?`,
      [name, token, clientName, id],
    );
    return affectedRows === 1;
  } catch (error) {
    if (!(error instanceof StatementError && error.isDuplicate)) throw error;
    throw new GuardError('GUARD_INSTANCE_NAME_TAKEN', `It is "${name}".`, { cause: error });
  }
}
