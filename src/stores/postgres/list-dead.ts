import type { Pool } from 'pg';
import type { EventFilter, EventRecord, Stretch } from '../dead-letters';
import { choose, chooseValues } from './choose-events';

/** Names as in EventRecord, so that rows need no translation but for the two numbers that are bigint. */
const COLUMNS = `seq, event_id AS "eventId", sink, instance, chat, chat_sequence AS "chatSequence", event,
  payload_bytes AS "payloadBytes", attempts, last_error AS "lastError", captured_at AS "capturedAt",
  NULL AS "deliveredAt", dead_at AS "deadAt"`;

type Row = Omit<EventRecord, 'seq' | 'chatSequence'> & { seq: string; chatSequence: string };

/**
 * Reads a page of dead letters, without their payloads.
 *
 * In: filter, stretch. Out: rows by seq. Locks: none.
 */
export async function listDead(
  pool: Pool,
  schema: string,
  filter: EventFilter,
  stretch: Stretch,
): Promise<EventRecord[]> {
  const { rows } = await pool.query<Row>(choose(schema, 'dead_letter', COLUMNS), chooseValues(filter, stretch));
  return rows.map((row) => ({ ...row, seq: Number(row.seq), chatSequence: Number(row.chatSequence) }));
}
