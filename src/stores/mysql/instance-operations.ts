import type { UpsertResult } from 'mariadb';
import type { InstanceOperation } from '../instance-store';
import { StatementError } from './errors';
import { NOW_MS } from './now';
import type { MysqlPool } from './pool';
import { transact } from './transact';

const OPERATION = 'id, instance_id AS instanceId, name, kind, step, data, attempts';
/** How often work is tried to be begun that finds no other, as that has ended at this moment. */
const MOST_BEGINNINGS = 5;

/** As the driver gives it. */
type OperationRow = Omit<InstanceOperation, 'data'> & { data: string };

const asOperation = <Row extends OperationRow>(row: Row) => ({
  ...row,
  data: JSON.parse(row.data) as InstanceOperation['data'],
});

/**
 * Begins work. In: the operation, owner, lease. Out: another one that is open in this instance, if there is one.
 * Locks: the row written; waits for whoever begins or ends one in the same instance at this moment.
 */
export async function beginOperation(
  pool: MysqlPool,
  schema: string,
  operation: Omit<InstanceOperation, 'attempts'>,
  owner: string,
  leaseMs: number,
): Promise<InstanceOperation | undefined> {
  const { id, instanceId } = operation;
  for (let attempt = 0; attempt < MOST_BEGINNINGS; attempt += 1) {
    if (await insert(pool, schema, operation, owner, leaseMs)) return undefined;
    const [row] = await pool.query<OperationRow[]>(
      `SELECT ${OPERATION} FROM ${schema}_instance_operation WHERE id = ? OR open_instance_id = ? ORDER BY id = ? DESC`,
      [id, instanceId, id],
    );
    if (row) return row.id === id ? undefined : asOperation(row);
  }
  throw new Error('work on this instance begins and ends all the time');
}

/** Not INSERT IGNORE, which would also cut off what is too long. */
async function insert(
  pool: MysqlPool,
  schema: string,
  { id, instanceId, name, kind, step, data }: Omit<InstanceOperation, 'attempts'>,
  owner: string,
  leaseMs: number,
): Promise<boolean> {
  try {
    await pool.query(
      `INSERT INTO ${schema}_instance_operation
         (id, instance_id, open_instance_id, name, kind, step, data, attempts, owner, lease_until, begun_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ${NOW_MS} + ?, ${NOW_MS})`,
      [id, instanceId, instanceId, name, kind, step, JSON.stringify(data), owner, leaseMs],
    );
    return true;
  } catch (error) {
    if (error instanceof StatementError && error.isDuplicate) return false;
    throw error;
  }
}

/** In: operation, owner, step, data, lease. Out: whether it is open and the owner's. Locks: the row. */
export async function advanceOperation(
  pool: MysqlPool,
  schema: string,
  id: string,
  owner: string,
  step: string,
  data: Record<string, unknown>,
  leaseMs: number,
): Promise<boolean> {
  const { affectedRows } = await pool.query<UpsertResult>(
    `UPDATE ${schema}_instance_operation SET step = ?, data = ?, lease_until = ${NOW_MS} + ?
     WHERE id = ? AND owner = ? AND lease_until IS NOT NULL`,
    [step, JSON.stringify(data), leaseMs, id, owner],
  );
  return affectedRows === 1;
}

/** In: operations, owner, lease. Out: nothing. Locks: the rows. */
export async function renewOperations(
  pool: MysqlPool,
  schema: string,
  ids: readonly string[],
  owner: string,
  leaseMs: number,
): Promise<void> {
  if (ids.length === 0) return; // no list may be empty
  await pool.query(
    `UPDATE ${schema}_instance_operation SET lease_until = ${NOW_MS} + ?
     WHERE id IN (?) AND owner = ? AND lease_until IS NOT NULL`,
    [leaseMs, ids, owner],
  );
}

/** In: operation, owner, why it was given up. Out: whether it was open and the owner's. Locks: the row. */
export async function endOperation(
  pool: MysqlPool,
  schema: string,
  id: string,
  owner: string,
  error?: string,
): Promise<boolean> {
  const { affectedRows } = await pool.query<UpsertResult>(
    `UPDATE ${schema}_instance_operation
     SET open_instance_id = NULL, lease_until = NULL, ended_at = ${NOW_MS}, error = ?
     WHERE id = ? AND owner = ? AND lease_until IS NOT NULL`,
    [error ?? null, id, owner],
  );
  return affectedRows === 1;
}

/**
 * Takes up open work whose lease is over, the oldest first. In: owner, lease, limit. Out: the rows.
 * Locks: the rows taken; of two that adopt at once the second waits, and finds the leases renewed.
 */
export async function adoptOperations(
  pool: MysqlPool,
  schema: string,
  owner: string,
  leaseMs: number,
  limit: number,
): Promise<InstanceOperation[]> {
  const { rows } = await transact<OperationRow>(pool, {
    choose: [
      {
        sql: `SELECT ${OPERATION} FROM ${schema}_instance_operation WHERE lease_until <= ${NOW_MS}
              ORDER BY begun_at, id LIMIT ? FOR UPDATE`,
        values: [limit],
      },
    ],
    change: (free) =>
      free.length === 0
        ? []
        : [
            {
              sql: `UPDATE ${schema}_instance_operation
                    SET owner = ?, lease_until = ${NOW_MS} + ?, attempts = attempts + 1 WHERE id IN (?)`,
              values: [owner, leaseMs, free.map(({ id }) => id)],
            },
          ],
  });
  return rows.map((row) => asOperation({ ...row, attempts: row.attempts + 1 }));
}

/** Out: everything open, the oldest first. Locks: none. */
export async function listOperations(
  pool: MysqlPool,
  schema: string,
): Promise<(InstanceOperation & { owner: string })[]> {
  const rows = await pool.query<(OperationRow & { owner: string })[]>(
    `SELECT ${OPERATION}, owner FROM ${schema}_instance_operation WHERE lease_until > 0 ORDER BY begun_at, id`,
  );
  return rows.map(asOperation);
}
