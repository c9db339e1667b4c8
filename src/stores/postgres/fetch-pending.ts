import type { Pool } from 'pg';
import type { FetchRequest, PendingRow } from '../outbox-store';

/**
 * Reads the next waiting rows of the leased partitions, in order.
 *
 * In: sink, partitions, rows, chats and receivers to leave out, limits in rows and bytes. Out: rows by seq, from the
 * very first: a row may become visible after rows with a higher seq, so there is no place to start behind.
 * Locks: none; only the holder of a partition's lease reads it. Walks the primary key of pending; payloads are read only
 * for the rows that fit in the limit of bytes.
 */
const statement = (schema: string) => `
SELECT o.seq, o.event_id, o.receiver_key, o.partition, o.chat_key, o.instance, o.chat, o.chat_sequence, o.event,
       o.target, o.payload, o.payload_bytes, extract(epoch FROM o.captured_at) * 1000 AS captured_at, head.attempts
FROM (
  SELECT seq, attempts, sum(payload_bytes) OVER (ORDER BY seq) - payload_bytes AS bytes_before
  FROM "${schema}".pending
  WHERE sink = $1 AND partition = ANY($2::smallint[]) AND seq <> ALL($3::bigint[])
    AND chat_key <> ALL($4::integer[]) AND receiver_key <> ALL($5::integer[])
  ORDER BY seq LIMIT $6
) AS head JOIN "${schema}".outbox AS o USING (seq)
WHERE bytes_before < $7
ORDER BY seq`;

interface Row {
  seq: string;
  event_id: string;
  receiver_key: number;
  partition: number;
  chat_key: number;
  instance: string;
  chat: string;
  chat_sequence: string;
  event: string;
  target: string;
  payload: string;
  payload_bytes: number;
  captured_at: string;
  attempts: number;
}

export async function fetchPending(pool: Pool, schema: string, request: FetchRequest): Promise<PendingRow[]> {
  const { sink, partitions, exceptSeqs, exceptChatKeys, exceptReceivers, rows: limit, bytes } = request;
  const { rows } = await pool.query<Row>(statement(schema), [
    sink,
    partitions,
    exceptSeqs,
    exceptChatKeys,
    exceptReceivers,
    limit,
    bytes,
  ]);
  return rows.map((row) => ({
    seq: Number(row.seq),
    eventId: row.event_id,
    sink,
    receiverKey: row.receiver_key,
    partition: row.partition,
    chatKey: row.chat_key,
    instance: row.instance,
    chat: row.chat,
    chatSequence: Number(row.chat_sequence),
    event: row.event,
    target: row.target,
    payload: row.payload,
    payloadBytes: row.payload_bytes,
    capturedAt: Number(row.captured_at),
    attempts: row.attempts,
  }));
}
