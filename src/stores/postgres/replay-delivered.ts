import type { Pool } from 'pg';
import type { ChangeOptions, Chosen, EventFilter, Stretch } from '../dead-letters';
import { asChosen, choose, chooseValues, type ChosenRow } from './choose-events';

const COLUMNS = 'seq, event_id, payload_bytes, false AS too_large';

/**
 * Makes delivered rows pending again: same seq, event id and place in their chat.
 *
 * In: filter, stretch, whether to change anything. Out: the rows chosen, by seq.
 * Locks: those rows, in the order of seq. None in a dry run.
 */
const statement = (schema: string) => `
WITH chosen AS (${choose(schema, 'delivered', COLUMNS)} FOR UPDATE OF state), replayed AS (
  DELETE FROM "${schema}".delivered AS d USING chosen WHERE d.seq = chosen.seq RETURNING d.seq
), waiting AS (
  INSERT INTO "${schema}".pending (seq, sink, receiver_key, partition, chat_key, payload_bytes)
  SELECT seq, sink, receiver_key, partition, chat_key, payload_bytes FROM replayed JOIN "${schema}".outbox USING (seq)
)
SELECT * FROM chosen ORDER BY seq`;

export async function replayDelivered(
  pool: Pool,
  schema: string,
  filter: EventFilter,
  stretch: Stretch,
  { dryRun }: ChangeOptions,
): Promise<Chosen[]> {
  const sql = dryRun ? choose(schema, 'delivered', COLUMNS) : statement(schema);
  const { rows } = await pool.query<ChosenRow>(sql, chooseValues(filter, stretch));
  return rows.map(asChosen);
}
