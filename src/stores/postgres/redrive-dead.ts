import type { Pool } from 'pg';
import type { Chosen, EventFilter, RedriveOptions, Stretch } from '../dead-letters';
import { asChosen, choose, CHOOSE_PARAMETERS, chooseValues, type ChosenRow } from './choose-events';

/** The relay does not look at sizes, so what was parked for its size is looked at here. */
const COLUMNS = `seq, event_id, payload_bytes,
  coalesce(starts_with(last_error, 'GUARD_EVENT_TOO_LARGE:'), false)
    AND payload_bytes > $${CHOOSE_PARAMETERS + 1}::integer AS too_large`;

/**
 * Makes dead letters pending again: same seq, event id and place in their chat; the reason is kept, attempts count anew.
 *
 * In: filter, stretch, limit of bytes, whether to change anything. Out: the rows chosen, by seq.
 * Locks: those rows, in the order of seq, so that two redrives never wait in a circle. None in a dry run.
 */
const statement = (schema: string) => `
WITH chosen AS (${choose(schema, 'dead_letter', COLUMNS)} FOR UPDATE OF state), redriven AS (
  DELETE FROM "${schema}".dead_letter AS d USING chosen WHERE d.seq = chosen.seq AND NOT chosen.too_large
  RETURNING d.seq, d.last_error
), waiting AS (
  INSERT INTO "${schema}".pending (seq, sink, receiver_key, partition, chat_key, payload_bytes, last_error)
  SELECT seq, sink, receiver_key, partition, chat_key, payload_bytes, last_error
  FROM redriven JOIN "${schema}".outbox USING (seq)
)
SELECT * FROM chosen ORDER BY seq`;

export async function redriveDead(
  pool: Pool,
  schema: string,
  filter: EventFilter,
  stretch: Stretch,
  { dryRun, maxBytes }: RedriveOptions,
): Promise<Chosen[]> {
  const sql = dryRun ? choose(schema, 'dead_letter', COLUMNS) : statement(schema);
  const { rows } = await pool.query<ChosenRow>(sql, [...chooseValues(filter, stretch), maxBytes]);
  return rows.map(asChosen);
}
