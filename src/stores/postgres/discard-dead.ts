import type { Pool } from 'pg';
import type { ChangeOptions, Chosen, EventFilter, Stretch } from '../dead-letters';
import { asChosen, choose, chooseValues, type ChosenRow } from './choose-events';

const COLUMNS = 'seq, event_id, payload_bytes, false AS too_large';

/**
 * Deletes dead letters, and nothing that is pending or delivered: also not what a redrive makes pending meanwhile.
 *
 * In: filter, stretch, whether to change anything. Out: the rows chosen, by seq.
 * Locks: those rows, in the order of seq. None in a dry run.
 */
const statement = (schema: string) => `
WITH chosen AS (${choose(schema, 'dead_letter', COLUMNS)} FOR UPDATE OF state), discarded AS (
  DELETE FROM "${schema}".dead_letter AS d USING chosen WHERE d.seq = chosen.seq RETURNING d.seq
), forgotten AS (
  DELETE FROM "${schema}".outbox AS o USING discarded WHERE o.seq = discarded.seq
)
SELECT * FROM chosen ORDER BY seq`;

export async function discardDead(
  pool: Pool,
  schema: string,
  filter: EventFilter,
  stretch: Stretch,
  { dryRun }: ChangeOptions,
): Promise<Chosen[]> {
  const sql = dryRun ? choose(schema, 'dead_letter', COLUMNS) : statement(schema);
  const { rows } = await pool.query<ChosenRow>(sql, chooseValues(filter, stretch));
  return rows.map(asChosen);
}
