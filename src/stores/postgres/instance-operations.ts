import type { Pool } from 'pg';
import type { InstanceOperation } from '../instance-store';

const OPERATION = `id, instance_id AS "instanceId", name, kind, step, data, attempts`;
/** How often work is tried to be begun that finds no other, as that has ended at this moment. */
const MOST_BEGINNINGS = 5;

/** As the driver gives it. */
type OperationRow = Omit<InstanceOperation, 'data'> & { data: string };

const asOperation = <Row extends OperationRow>(row: Row) => ({
  ...row,
  data: JSON.parse(row.data) as InstanceOperation['data'],
});

const leaseEnd = (parameter: number) => `now() + $${parameter} * interval '1 millisecond'`;

/**
 * Begins work. In: the operation, owner, lease. Out: another one that is open in this instance, if there is one.
 * Locks: the row written; waits for whoever begins or ends one in the same instance at this moment.
 */
export async function beginOperation(
  pool: Pool,
  schema: string,
  { id, instanceId, name, kind, step, data }: Omit<InstanceOperation, 'attempts'>,
  owner: string,
  leaseMs: number,
): Promise<InstanceOperation | undefined> {
  for (let attempt = 0; attempt < MOST_BEGINNINGS; attempt += 1) {
    const { rowCount } = await pool.query(
      `INSERT INTO "${schema}".instance_operation
         (id, instance_id, name, kind, step, data, attempts, owner, lease_until, begun_at)
       VALUES ($1, $2, $3, $4, $5, $6, 1, $7, ${leaseEnd(8)}, now()) ON CONFLICT DO NOTHING`,
      [id, instanceId, name, kind, step, JSON.stringify(data), owner, leaseMs],
    );
    if (rowCount === 1) return undefined;
    const { rows } = await pool.query<OperationRow>(
      `SELECT ${OPERATION} FROM "${schema}".instance_operation
       WHERE id = $1 OR instance_id = $2 AND lease_until IS NOT NULL ORDER BY id = $1 DESC`,
      [id, instanceId],
    );
    if (rows[0]) return rows[0].id === id ? undefined : asOperation(rows[0]);
  }
  throw new Error('work on this instance begins and ends all the time');
}

/** In: operation, owner, step, data, lease. Out: whether it is open and the owner's. Locks: the row. */
export async function advanceOperation(
  pool: Pool,
  schema: string,
  id: string,
  owner: string,
  step: string,
  data: Record<string, unknown>,
  leaseMs: number,
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `UPDATE "${schema}".instance_operation SET step = $3, data = $4, lease_until = ${leaseEnd(5)}
     WHERE id = $1 AND owner = $2 AND lease_until IS NOT NULL`,
    [id, owner, step, JSON.stringify(data), leaseMs],
  );
  return rowCount === 1;
}

/** In: operations, owner, lease. Out: nothing. Locks: those of the rows that are open and the owner's. */
export async function renewOperations(
  pool: Pool,
  schema: string,
  ids: readonly string[],
  owner: string,
  leaseMs: number,
): Promise<void> {
  await pool.query(
    `UPDATE "${schema}".instance_operation SET lease_until = ${leaseEnd(3)}
     WHERE id = ANY($1) AND owner = $2 AND lease_until IS NOT NULL`,
    [ids, owner, leaseMs],
  );
}

/** In: operation, owner, why it was given up. Out: whether it was open and the owner's. Locks: the row. */
export async function endOperation(
  pool: Pool,
  schema: string,
  id: string,
  owner: string,
  error?: string,
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `UPDATE "${schema}".instance_operation SET lease_until = NULL, ended_at = now(), error = $3
     WHERE id = $1 AND owner = $2 AND lease_until IS NOT NULL`,
    [id, owner, error ?? null],
  );
  return rowCount === 1;
}

/**
 * Takes up open work whose lease is over, the oldest first. In: owner, lease, limit. Out: the rows.
 * Locks: the rows taken, which others that adopt at this moment skip.
 */
export async function adoptOperations(
  pool: Pool,
  schema: string,
  owner: string,
  leaseMs: number,
  limit: number,
): Promise<InstanceOperation[]> {
  const { rows } = await pool.query<OperationRow>(
    `WITH free AS (
       SELECT id FROM "${schema}".instance_operation WHERE lease_until <= now()
       ORDER BY begun_at, id LIMIT $3 FOR UPDATE SKIP LOCKED
     ), adopted AS (
       UPDATE "${schema}".instance_operation AS o
       SET owner = $1, lease_until = ${leaseEnd(2)}, attempts = attempts + 1
       FROM free WHERE o.id = free.id RETURNING o.*
     )
     SELECT ${OPERATION} FROM adopted ORDER BY begun_at, id`,
    [owner, leaseMs, limit],
  );
  return rows.map(asOperation);
}

/** Out: everything open, the oldest first. Locks: none. */
export async function listOperations(pool: Pool, schema: string): Promise<(InstanceOperation & { owner: string })[]> {
  const { rows } = await pool.query<OperationRow & { owner: string }>(
    `SELECT ${OPERATION}, owner FROM "${schema}".instance_operation WHERE lease_until IS NOT NULL ORDER BY begun_at, id`,
  );
  return rows.map(asOperation);
}
