import type { Pool } from 'pg';
import type { InstanceStore, StateRecord } from '../instance-store';

const RECORD = `instance_id AS "instanceId", version, state, since, reason, owner`;

/** As the driver gives it. */
type StateRow = Omit<StateRecord, 'version' | 'since'> & { version: string; since: Date };

const asRecord = ({ version, since, ...row }: StateRow): StateRecord => ({
  ...row,
  version: Number(version),
  since: since.getTime(),
});

/**
 * Changes a state by compare-and-set, and writes the history.
 *
 * In: instance, name, state, reason, owner, the version that was seen. Out: the row, if it was changed.
 * Locks: the row of the instance; so lines of its history are in the order of its versions.
 * `before` is as it was when the statement began: where the version still is the one that was seen, that is the state which
 * this one follows.
 */
const change = (schema: string) => `
WITH before AS (
  SELECT state FROM "${schema}".instance_state WHERE instance_id = $1
), changed AS (
  INSERT INTO "${schema}".instance_state AS known (instance_id, version, state, since, reason, owner)
  VALUES ($1, $6::bigint + 1, $3, now(), $4, $5)
  ON CONFLICT (instance_id) DO UPDATE
  SET version = excluded.version, state = excluded.state, since = excluded.since, reason = excluded.reason,
      owner = excluded.owner
  WHERE known.version = $6 AND known.state <> excluded.state
  RETURNING ${RECORD}
), noted AS (
  INSERT INTO "${schema}".instance_history (instance_id, name, at, event, reason, version)
  SELECT "instanceId", $2, since, concat_ws(' -> ', (SELECT state FROM before), state), reason, version FROM changed
)
SELECT * FROM changed`;

export async function changeState(
  pool: Pool,
  schema: string,
  { instanceId, name, state, reason, owner }: Parameters<InstanceStore['changeState']>[0],
  version: number,
): Promise<{ changed: boolean; record: StateRecord }> {
  const { rows } = await pool.query<StateRow>(change(schema), [instanceId, name, state, reason, owner, version]);
  if (rows[0]) return { changed: true, record: asRecord(rows[0]) };
  // A statement of its own: the first one does not see what others have written since it began.
  const [record] = await readStates(pool, schema, [instanceId]);
  if (!record) throw new Error('the instance was forgotten at this moment');
  return { changed: false, record };
}

/** In: instances. Out: the rows that are there. Locks: none. */
export async function readStates(pool: Pool, schema: string, instanceIds: readonly string[]): Promise<StateRecord[]> {
  const { rows } = await pool.query<StateRow>(
    `SELECT ${RECORD} FROM "${schema}".instance_state WHERE instance_id = ANY($1)`,
    [instanceIds],
  );
  return rows.map(asRecord);
}
