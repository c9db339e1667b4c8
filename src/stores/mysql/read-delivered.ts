import type { DeliveredEvent, EventFilter, Stretch } from '../dead-letters';
import { choose } from './choose-events';
import { readParts } from './payload-parts';
import type { MysqlPool } from './pool';

/** Names as in DeliveredEvent. */
const COLUMNS = `known.seq, o.event_id AS eventId, o.payload_bytes AS payloadBytes, o.instance, o.chat,
  o.chat_sequence AS chatSequence, o.event, o.payload, o.parts, o.captured_at AS capturedAt`;

/**
 * Reads delivered events with their payloads.
 *
 * In: filter, stretch. Out: rows by seq. Locks: none.
 */
export async function readDelivered(
  pool: MysqlPool,
  schema: string,
  filter: EventFilter,
  stretch: Stretch,
): Promise<DeliveredEvent[]> {
  const { sql, values } = choose(schema, 'delivered', { sql: COLUMNS, values: [] }, filter, stretch);
  const rows = await pool.query<(DeliveredEvent & { parts: number })[]>(sql, values);
  const inParts = rows.filter(({ parts }) => parts > 0).map(({ seq }) => seq);
  const large = await readParts(pool, schema, inParts);
  return rows.map(({ parts, ...row }) => (parts > 0 ? { ...row, payload: large.get(row.seq) ?? '' } : row));
}
