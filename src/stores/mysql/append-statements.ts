import type { NewOutboxRow } from '../outbox-store';
import { NOW_MS } from './now';
import { TRIP_BYTES, type Statement } from './transact';

/** Rows that one statement writes. */
export interface Chunk {
  rows: readonly NewOutboxRow[];
  /** Place of the first of them in the batch. */
  from: number;
  /** Of the longer texts in them. */
  bytes: number;
}

/** Takes a batch apart so that each statement fits into a packet; a row that does not is alone. */
export function chunksOf(rows: readonly NewOutboxRow[]): Chunk[] {
  const chunks: Chunk[] = [];
  let [from, bytes] = [0, 0];
  for (const [index, { payload, target }] of rows.entries()) {
    const size = Buffer.byteLength(payload) + Buffer.byteLength(target);
    if (index > from && bytes + size > TRIP_BYTES) {
      chunks.push({ rows: rows.slice(from, index), from, bytes });
      [from, bytes] = [index, 0];
    }
    bytes += size;
  }
  return [...chunks, { rows: rows.slice(from), from, bytes }];
}

/**
 * The statements that write a chunk: to the outbox, then to the table that says what becomes of each row.
 *
 * In: chunk, chat sequences of the batch. Out: nothing. Locks: the rows written, which nobody sees yet.
 * A statement with a list of rows gets numbers that follow each other, in every mode of InnoDB, as it knows how many it
 * wants; a cluster leaves room for its other members between them. LAST_INSERT_ID() is the first of them.
 */
export function appendStatements(schema: string, chunk: Chunk, numbers: readonly number[]): Statement[] {
  const { rows, from } = chunk;
  const large = chunk.bytes > TRIP_BYTES;
  const parts = large ? cut(Buffer.from(rows[0]?.payload ?? '')) : [];
  const all = rows.map((row, nth) => ({ row, seq: `LAST_INSERT_ID() + ${nth} * @@auto_increment_increment` }));
  return [
    {
      sql: `INSERT INTO ${schema}_outbox (event_id, sink, instance, chat, event, target, payload, parts, receiver_key,
              partition_no, chat_key, chat_sequence, payload_bytes, captured_at)
            VALUES ${rows.map((row, nth) => outboxRow(row, numbers[from + nth] ?? 0, parts.length)).join()}`,
      values: rows.flatMap(({ eventId, sink, instance, chat, event, target, payload }) => {
        return [eventId, sink, instance, chat, event, target, large ? '' : payload];
      }),
      bytes: large ? 0 : chunk.bytes,
    },
    ...parts.map((body, part) => ({
      sql: `INSERT INTO ${schema}_payload_part (seq, part, body) VALUES (LAST_INSERT_ID(), ${part}, ?)`,
      values: [body],
      bytes: body.length,
    })),
    ...into(
      `${schema}_pending (seq, sink, receiver_key, partition_no, chat_key, payload_bytes)`,
      all
        .filter(({ row }) => row.deadReason === undefined)
        .map(({ row: { sink, receiverKey, partition, chatKey, payloadBytes }, seq }) => {
          return { sql: `(${seq},?,${receiverKey},${partition},${chatKey},${payloadBytes})`, values: [sink] };
        }),
    ),
    ...into(
      `${schema}_dead_letter (seq, dead_at, attempts, last_error)`,
      all
        .filter(({ row }) => row.deadReason !== undefined)
        .map(({ row, seq }) => ({ sql: `(${seq},${NOW_MS},0,?)`, values: [row.deadReason] })),
    ),
  ];
}

/** Numbers stand in the text: each placeholder costs the driver as much as a short text does. */
function outboxRow(row: NewOutboxRow, chatSequence: number, parts: number): string {
  const { receiverKey, partition, chatKey, payloadBytes, capturedAt } = row;
  const numbers = [parts, receiverKey, partition, chatKey, chatSequence, payloadBytes, capturedAt];
  return `(?,?,?,?,?,?,?,${numbers.join()})`;
}

function into(table: string, rows: readonly Statement[]): Statement[] {
  if (rows.length === 0) return [];
  const sql = `INSERT INTO ${table} VALUES ${rows.map((row) => row.sql).join()}`;
  return [{ sql, values: rows.flatMap(({ values }) => values) }];
}

function cut(bytes: Buffer): Buffer[] {
  const pieces = Math.ceil(bytes.length / TRIP_BYTES);
  return Array.from({ length: pieces }, (_, piece) => bytes.subarray(piece * TRIP_BYTES, (piece + 1) * TRIP_BYTES));
}
