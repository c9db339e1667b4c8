import type { EventFilter, EventRecord, Stretch } from '../dead-letters';
import { choose } from './choose-events';
import { asRecord, RECORD, type RecordRow } from './event-record';
import type { MysqlPool } from './pool';

const COLUMNS = `${RECORD}, attempts, last_error AS lastError, NULL AS deliveredAt, dead_at AS deadAt`;

/**
 * Reads a page of dead letters, without their payloads.
 *
 * In: filter, stretch. Out: rows by seq. Locks: none.
 */
export async function listDead(
  pool: MysqlPool,
  schema: string,
  filter: EventFilter,
  stretch: Stretch,
): Promise<EventRecord[]> {
  const { sql, values } = choose(schema, 'dead_letter', { sql: COLUMNS, values: [] }, filter, stretch);
  return (await pool.query<RecordRow[]>(sql, values)).map(asRecord);
}
