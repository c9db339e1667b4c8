import type { Pool } from 'pg';
import type { DeliveredEvent, EventFilter, Stretch } from '../dead-letters';
import { choose, chooseValues } from './choose-events';

/** Names as in DeliveredEvent. */
const COLUMNS = `seq, event_id AS "eventId", payload_bytes AS "payloadBytes", instance, chat,
  chat_sequence AS "chatSequence", event, payload, extract(epoch FROM captured_at) * 1000 AS "capturedAt"`;

type Row = Omit<DeliveredEvent, 'seq' | 'chatSequence' | 'capturedAt'> & {
  seq: string;
  chatSequence: string;
  capturedAt: string;
};

/**
 * Reads delivered events with their payloads.
 *
 * In: filter, stretch. Out: rows by seq. Locks: none.
 */
export async function readDelivered(
  pool: Pool,
  schema: string,
  filter: EventFilter,
  stretch: Stretch,
): Promise<DeliveredEvent[]> {
  const { rows } = await pool.query<Row>(choose(schema, 'delivered', COLUMNS), chooseValues(filter, stretch));
  return rows.map(({ seq, chatSequence, capturedAt, ...row }) => ({
    ...row,
    seq: Number(seq),
    chatSequence: Number(chatSequence),
    capturedAt: Number(capturedAt),
  }));
}
