import type { Pool, QueryConfig } from 'pg';
import { describe } from '../../core/errors';
import { RowsRefused, type NewOutboxRow } from '../outbox-store';

/**
 * Writes a batch of events and numbers them within their chats, in one statement.
 *
 * In: rows in the order in which they were emitted. Out: nothing; when it returns, the rows are durable.
 * Locks: the counter rows of the chats concerned, taken in key order, so that two batches never wait in a circle;
 * they are held to the commit, so a later number of a chat can only become visible after an earlier one.
 * A repeat of a batch whose answer was lost changes no event (the counters then skip numbers).
 */
const statement = (schema: string) => `
WITH input AS (
  SELECT * FROM unnest(
    $1::uuid[], $2::text[], $3::smallint[], $4::integer[], $5::text[], $6::text[], $7::text[],
    $8::jsonb[], $9::text[], $10::integer[], $11::bigint[], $12::text[]
  ) WITH ORDINALITY AS t(event_id, sink, partition, chat_key, instance, chat, event,
                         target, payload, payload_bytes, captured_at, dead_reason, position)
), counted AS (
  SELECT sink, instance, chat, count(*) AS events FROM input GROUP BY sink, instance, chat
), counters AS (
  INSERT INTO "${schema}".chat_sequence AS counter (sink, instance, chat, last)
  SELECT sink, instance, chat, events FROM counted ORDER BY sink, instance, chat
  ON CONFLICT (sink, instance, chat) DO UPDATE SET last = counter.last + EXCLUDED.last
  RETURNING sink, instance, chat, last
)
INSERT INTO "${schema}".outbox (event_id, sink, partition, chat_key, instance, chat, chat_sequence, event,
                                target, payload, payload_bytes, captured_at, dead_at, last_error)
SELECT event_id, sink, partition, chat_key, instance, chat,
       last - events + row_number() OVER (PARTITION BY sink, instance, chat ORDER BY position),
       event, target, payload, payload_bytes, to_timestamp(captured_at / 1000.0),
       CASE WHEN dead_reason IS NOT NULL THEN now() END, dead_reason
FROM input JOIN counted USING (sink, instance, chat) JOIN counters USING (sink, instance, chat)
ORDER BY position
ON CONFLICT (event_id, sink) DO NOTHING`;

/** Shorter than for other statements: the host waits for this one, and a database that hangs must not hold it up. */
const TIMEOUT_MS = 5_000;

/** SQLSTATE classes 22 (data) and 54 (program limit): the rows themselves are at fault. */
const ROWS_AT_FAULT = /^(22|54)/;

/** @throws RowsRefused; errors of the driver as they come. */
export async function appendEvents(pool: Pool, schema: string, rows: readonly NewOutboxRow[]): Promise<void> {
  const columns = [
    rows.map((row) => row.eventId),
    rows.map((row) => row.sink),
    rows.map((row) => row.partition),
    rows.map((row) => row.chatKey),
    rows.map((row) => row.instance),
    rows.map((row) => row.chat),
    rows.map((row) => row.event),
    rows.map((row) => JSON.stringify(row.target)),
    rows.map((row) => row.payload),
    rows.map((row) => row.payloadBytes),
    rows.map((row) => row.capturedAt),
    rows.map((row) => row.deadReason ?? null),
  ];
  try {
    // `query_timeout` is pg's own, and missing in its types.
    await pool.query({ text: statement(schema), values: columns, query_timeout: TIMEOUT_MS } as QueryConfig);
  } catch (error) {
    const state = (error as { code?: unknown }).code;
    if (typeof state === 'string' && ROWS_AT_FAULT.test(state))
      throw new RowsRefused(describe(error), { cause: error });
    throw error;
  }
}
