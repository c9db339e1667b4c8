import type { ConnectionState, InstanceStore, StateRecord } from '../instance-store';
import { StatementError } from './errors';
import { NOW_MS } from './now';
import type { MysqlPool } from './pool';
import { transact } from './transact';

interface Seen {
  version: number;
  state: ConnectionState;
}

/**
 * Changes a state by compare-and-set, and writes the history.
 *
 * In: instance, name, state, reason, owner, the version that was seen. Out: the row as it is then, and whether it was
 * changed. Locks: the row of the instance, for two trips; so lines of its history are in the order of its versions. Where
 * there is none yet, the second of two that write it fails at the key.
 */
export async function changeState(
  pool: MysqlPool,
  schema: string,
  change: Parameters<InstanceStore['changeState']>[0],
  version: number,
): Promise<{ changed: boolean; record: StateRecord }> {
  const changed = await writeState(pool, schema, change, version).catch((error: unknown) => {
    if (error instanceof StatementError && error.isDuplicate) return false;
    throw error;
  });
  const [record] = await readStates(pool, schema, [change.instanceId]);
  if (!record) throw new Error('the instance was forgotten at this moment');
  return { changed, record };
}

async function writeState(
  pool: MysqlPool,
  schema: string,
  { instanceId, name, state, reason, owner }: Parameters<InstanceStore['changeState']>[0],
  version: number,
): Promise<boolean> {
  const table = `${schema}_instance_state`;
  const { outcomes } = await transact<Seen>(pool, {
    choose: [{ sql: `SELECT version, state FROM ${table} WHERE instance_id = ? FOR UPDATE`, values: [instanceId] }],
    change([seen]) {
      if (seen && (seen.version !== version || seen.state === state)) return [];
      const values = [version + 1, state, reason, owner, instanceId];
      return [
        seen
          ? {
              sql: `UPDATE ${table} SET version = ?, state = ?, reason = ?, owner = ?, since = ${NOW_MS}
                    WHERE instance_id = ?`,
              values,
            }
          : {
              sql: `INSERT INTO ${table} (version, state, reason, owner, instance_id, since)
                    VALUES (?, ?, ?, ?, ?, ${NOW_MS})`,
              values,
            },
        {
          sql: `INSERT INTO ${schema}_instance_history (instance_id, name, at, event, reason, version)
                SELECT instance_id, ?, since, ?, reason, version FROM ${table} WHERE instance_id = ?`,
          values: [name, seen ? `${seen.state} -> ${state}` : state, instanceId],
        },
      ];
    },
  });
  return outcomes.length > 1; // more than the end of the transaction
}

/** In: instances. Out: the rows that are there. Locks: none. */
export async function readStates(
  pool: MysqlPool,
  schema: string,
  instanceIds: readonly string[],
): Promise<StateRecord[]> {
  if (instanceIds.length === 0) return [];
  return pool.query<StateRecord[]>(
    `SELECT instance_id AS instanceId, version, state, since, reason, owner FROM ${schema}_instance_state
     WHERE instance_id IN (?)`,
    [instanceIds],
  );
}
