import type { Pool, QueryConfig } from 'pg';
import { describe } from '../../core/errors';
import { RowsRefused, type NewOutboxRow, type WrittenPlace } from '../outbox-store';
import { columnsOf } from './append-columns';

/**
 * Writes a batch of events and numbers them within their chats, in one statement.
 *
 * In: the batch taken apart by columnsOf. Out: one row, the seqs and the chat sequences in the order of the batch; when
 * it returns, the rows are durable.
 * Locks: the counter rows of the chats concerned, taken in key order, so that two batches never wait in a circle;
 * they are held to the commit, so a later number of a chat can only become visible after an earlier one.
 * A repeat of a batch whose answer was lost changes no event (the counters then skip numbers).
 */
const statement = (schema: string) => `
WITH place AS (
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::integer[], $6::integer[])
    WITH ORDINALITY AS t(sink, instance, chat, partition, chat_key, events, place)
), kind AS (
  SELECT * FROM unnest($7::text[], $8::text[], $9::integer[]) WITH ORDINALITY AS t(event, target, receiver_key, kind)
), dead AS (
  SELECT * FROM unnest($10::uuid[], $11::text[], $12::text[]) AS t(event_id, sink, reason)
), counters AS (
  INSERT INTO "${schema}".chat_sequence AS counter (sink, instance, chat, last)
  SELECT sink, instance, chat, events FROM place ORDER BY sink, instance, chat
  ON CONFLICT (sink, instance, chat) DO UPDATE SET last = counter.last + EXCLUDED.last
  RETURNING sink, instance, chat, last
), written AS (
  INSERT INTO "${schema}".outbox (event_id, sink, receiver_key, partition, chat_key, instance, chat, chat_sequence,
                                  event, target, payload, payload_bytes, captured_at)
  SELECT event_id, sink, receiver_key, partition, chat_key, instance, chat, last - events + nth, event, target,
         convert_from(substring($13::bytea, start, bytes), 'UTF8'), bytes, to_timestamp(captured_at / 1000.0)
  FROM unnest($14::uuid[], $15::integer[], $16::integer[], $17::integer[], $18::integer[], $19::integer[], $20::bigint[])
    WITH ORDINALITY AS t(event_id, place, nth, kind, start, bytes, captured_at, position)
    JOIN place USING (place) JOIN kind USING (kind) JOIN counters USING (sink, instance, chat)
  ORDER BY position
  ON CONFLICT (event_id, sink) DO NOTHING
  RETURNING seq, event_id, sink, receiver_key, partition, chat_key, chat_sequence, payload_bytes
), waiting AS (
  INSERT INTO "${schema}".pending (seq, sink, receiver_key, partition, chat_key, payload_bytes)
  SELECT seq, sink, receiver_key, partition, chat_key, payload_bytes FROM written
  WHERE NOT EXISTS (SELECT FROM dead WHERE dead.event_id = written.event_id AND dead.sink = written.sink)
), parked AS (
  INSERT INTO "${schema}".dead_letter (seq, dead_at, attempts, last_error)
  SELECT seq, now(), 0, reason FROM written JOIN dead USING (event_id, sink)
)
SELECT string_agg(seq::text, ',' ORDER BY seq) AS seqs, string_agg(chat_sequence::text, ',' ORDER BY seq) AS sequences
FROM written`;

/** Shorter than for other statements: the host waits for this one, and a database that hangs must not hold it up. */
const TIMEOUT_MS = 5_000;

/** SQLSTATE classes 22 (data) and 54 (program limit): the rows themselves are at fault. */
const ROWS_AT_FAULT = /^(22|54)/;

/**
 * @param prepared whether the server may keep the plan: half the time of a small batch is planning.
 * @returns a place for each row; nothing where one of them was there before, as a gap has no place in that order.
 * @throws RowsRefused; errors of the driver as they come.
 */
export async function appendEvents(
  pool: Pool,
  schema: string,
  prepared: boolean,
  rows: readonly NewOutboxRow[],
): Promise<WrittenPlace[] | undefined> {
  const config = { text: statement(schema), values: columnsOf(rows), ...(prepared && { name: 'guard-append' }) };
  try {
    // `query_timeout` is pg's own, and missing in its types.
    const { rows: written } = await pool.query<{ seqs: string | null; sequences: string | null }>({
      ...config,
      query_timeout: TIMEOUT_MS,
    } as QueryConfig);
    const seqs = numbers(written[0]?.seqs);
    const sequences = numbers(written[0]?.sequences);
    if (seqs.length !== rows.length) return undefined;
    return seqs.map((seq, index) => ({ seq, chatSequence: sequences[index] ?? 0 }));
  } catch (error) {
    const state = (error as { code?: unknown }).code;
    if (typeof state === 'string' && ROWS_AT_FAULT.test(state))
      throw new RowsRefused(describe(error), { cause: error });
    throw error;
  }
}

const numbers = (list: string | null | undefined) => (list ? list.split(',').map(Number) : []);
