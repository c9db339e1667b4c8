import type { NewOutboxRow } from '../outbox-store';
import { NOW_MS } from './now';
import { TRIP_BYTES, type Statement } from './transact';

/** Rows that one statement writes. */
export interface Chunk {
  rows: readonly NewOutboxRow[];
  /** Place of the first of them in the batch. */
  from: number;
}

const bytesOf = ({ payload, target }: NewOutboxRow) => Buffer.byteLength(payload) + target.length;
const isLarge = ({ payload }: NewOutboxRow) => payload.length > TRIP_BYTES || Buffer.byteLength(payload) > TRIP_BYTES;

/** Takes a batch apart so that each statement fits into a packet; a row whose payload does not is alone. */
export function chunksOf(rows: readonly NewOutboxRow[]): Chunk[] {
  const chunks: Chunk[] = [];
  let [from, bytes] = [0, 0];
  for (const [index, row] of rows.entries()) {
    const size = bytesOf(row);
    if (index > from && bytes + size > TRIP_BYTES) {
      chunks.push({ rows: rows.slice(from, index), from });
      [from, bytes] = [index, 0];
    }
    bytes += size;
  }
  return [...chunks, { rows: rows.slice(from), from }];
}

/**
 * The statements that write a chunk: to the outbox, then to the table that says what becomes of each row.
 *
 * In: chunk, chat sequences of the batch. Out: nothing. Locks: the rows written, which nobody sees yet.
 * A statement with a list of rows gets numbers that follow each other, in every mode of InnoDB, as it knows how many it
 * wants; a cluster leaves room for its other members between them. LAST_INSERT_ID() is the first of them.
 */
export function appendStatements(schema: string, { rows, from }: Chunk, numbers: readonly number[]): Statement[] {
  const large = rows.length === 1 ? rows.find(isLarge) : undefined;
  const parts = large ? cut(Buffer.from(large.payload)) : [];
  const state = rows.map((row, nth) => ({ row, nth }));
  const [waiting, dead] = [state.filter(({ row }) => !isDead(row)), state.filter(({ row }) => isDead(row))];
  return [
    {
      sql: `INSERT INTO ${schema}_outbox (event_id, sink, receiver_key, partition_no, chat_key, instance, chat,
              chat_sequence, event, target, payload, parts, payload_bytes, captured_at)
            VALUES ${rows.map(() => '(?,?,?,?,?,?,?,?,?,?,?,?,?,?)').join()}`,
      values: rows.flatMap((row, nth) => [
        ...[row.eventId, row.sink, row.receiverKey, row.partition, row.chatKey, row.instance, row.chat],
        ...[numbers[from + nth], row.event, row.target, large ? '' : row.payload, parts.length],
        ...[row.payloadBytes, row.capturedAt],
      ]),
    },
    ...parts.map((body, part) => ({
      sql: `INSERT INTO ${schema}_payload_part (seq, part, body) VALUES (LAST_INSERT_ID(), ?, ?)`,
      values: [part, body],
    })),
    ...into(
      `${schema}_pending (seq, sink, receiver_key, partition_no, chat_key, payload_bytes)`,
      `(${SEQ},?,?,?,?,?)`,
      waiting.map(({ row, nth }) => {
        return [nth, row.sink, row.receiverKey, row.partition, row.chatKey, row.payloadBytes];
      }),
    ),
    ...into(
      `${schema}_dead_letter (seq, dead_at, attempts, last_error)`,
      `(${SEQ},${NOW_MS},0,?)`,
      dead.map(({ row, nth }) => [nth, row.deadReason]),
    ),
  ];
}

const SEQ = 'LAST_INSERT_ID() + ? * @@auto_increment_increment';
const isDead = ({ deadReason }: NewOutboxRow) => deadReason !== undefined;

function into(table: string, row: string, values: readonly unknown[][]): Statement[] {
  if (values.length === 0) return [];
  return [{ sql: `INSERT INTO ${table} VALUES ${values.map(() => row).join()}`, values: values.flat() }];
}

function cut(bytes: Buffer): Buffer[] {
  const pieces = Math.ceil(bytes.length / TRIP_BYTES);
  return Array.from({ length: pieces }, (_, piece) => bytes.subarray(piece * TRIP_BYTES, (piece + 1) * TRIP_BYTES));
}
