import type { Pool } from 'pg';
import type { Chosen, EventFilter, RedriveOptions, Stretch } from '../dead-letters';
import { asChosen, choose, CHOOSE_PARAMETERS, chooseValues, DEAD, type ChosenRow } from './choose-events';

/** The relay does not look at sizes, so what was parked for its size is looked at here. */
const COLUMNS = `seq, event_id, payload_bytes,
  coalesce(starts_with(last_error, 'GUARD_EVENT_TOO_LARGE:'), false)
    AND payload_bytes > $${CHOOSE_PARAMETERS + 1}::integer AS too_large`;

/**
 * Makes dead letters pending again: same seq, event id and place in their chat, attempts and reason kept.
 *
 * In: filter, stretch, limit of bytes, whether to change anything. Out: the rows chosen, by seq.
 * Locks: those rows, in the order of seq, so that two redrives never wait in a circle. None in a dry run.
 */
const statement = (schema: string) => `
WITH chosen AS (${choose(schema, DEAD, COLUMNS)} FOR UPDATE), redriven AS (
  UPDATE "${schema}".outbox AS o SET dead_at = NULL FROM chosen
  WHERE o.seq = chosen.seq AND NOT chosen.too_large AND o.dead_at IS NOT NULL
)
SELECT * FROM chosen ORDER BY seq`;

export async function redriveDead(
  pool: Pool,
  schema: string,
  filter: EventFilter,
  stretch: Stretch,
  { dryRun, maxBytes }: RedriveOptions,
): Promise<Chosen[]> {
  const sql = dryRun ? choose(schema, DEAD, COLUMNS) : statement(schema);
  const { rows } = await pool.query<ChosenRow>(sql, [...chooseValues(filter, stretch), maxBytes]);
  return rows.map(asChosen);
}
