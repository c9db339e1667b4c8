import type { OutboxGroup } from '../dead-letters';
import type { MysqlPool } from './pool';

type Row = Omit<OutboxGroup, 'oldestCapturedAt'> & { oldestCapturedAt: number | null };

/**
 * Counts what is not delivered, by instance, event and sink.
 *
 * In: nothing. Out: a row for each kind, those with most pending first. Locks: none.
 * Walks pending and dead_letter; counting what was delivered would read the whole table.
 */
export async function groupUndelivered(pool: MysqlPool, schema: string): Promise<OutboxGroup[]> {
  const rows = await pool.query<Row[]>(
    `SELECT instance, event, sink, SUM(1 - is_dead) AS pending, SUM(is_dead) AS dead,
            MIN(CASE WHEN is_dead = 0 THEN captured_at END) AS oldestCapturedAt
     FROM (
       SELECT o.instance, o.event, o.sink, o.captured_at, 0 AS is_dead
       FROM ${schema}_pending AS p JOIN ${schema}_outbox AS o ON o.seq = p.seq
       UNION ALL
       SELECT o.instance, o.event, o.sink, o.captured_at, 1
       FROM ${schema}_dead_letter AS d JOIN ${schema}_outbox AS o ON o.seq = d.seq
     ) AS undelivered
     GROUP BY instance, event, sink
     ORDER BY pending DESC, dead DESC, instance, event, sink`,
  );
  return rows.map(({ oldestCapturedAt, ...group }) => ({
    ...group,
    oldestCapturedAt: oldestCapturedAt === null ? null : new Date(oldestCapturedAt),
  }));
}
