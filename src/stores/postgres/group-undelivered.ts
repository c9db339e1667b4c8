import type { Pool } from 'pg';
import type { OutboxGroup } from '../dead-letters';

/**
 * Counts what is not delivered, by instance, event and sink.
 *
 * In: nothing. Out: a row for each kind, those with most pending first. Locks: none.
 * Walks pending and dead_letter; counting what was delivered would read the whole table.
 */
const statement = (schema: string) => `
SELECT instance, event, sink, count(*) FILTER (WHERE NOT is_dead)::integer AS pending,
       count(*) FILTER (WHERE is_dead)::integer AS dead,
       min(captured_at) FILTER (WHERE NOT is_dead) AS "oldestCapturedAt"
FROM (
  SELECT o.instance, o.event, o.sink, o.captured_at, false AS is_dead
  FROM "${schema}".pending JOIN "${schema}".outbox AS o USING (seq)
  UNION ALL
  SELECT o.instance, o.event, o.sink, o.captured_at, true
  FROM "${schema}".dead_letter JOIN "${schema}".outbox AS o USING (seq)
) AS undelivered
GROUP BY instance, event, sink
ORDER BY pending DESC, dead DESC, instance, event, sink`;

export async function groupUndelivered(pool: Pool, schema: string): Promise<OutboxGroup[]> {
  return (await pool.query<OutboxGroup>(statement(schema))).rows;
}
