import type { FetchRequest, PendingRow } from '../outbox-store';
import { readParts } from './payload-parts';
import type { MysqlPool } from './pool';

interface Head {
  seq: number;
  attempts: number;
  bytes: number;
}

type Row = Omit<PendingRow, 'attempts'> & { parts: number };

/**
 * Reads the next waiting rows of the leased partitions, in order.
 *
 * In: sink, partitions, rows, chats and receivers to leave out, limits in rows and bytes. Out: rows by seq, from the
 * very first: a row may become visible after rows with a higher seq, so there is no place to start behind.
 * Locks: none; only the holder of a partition's lease reads it. The first statement walks the primary key of pending,
 * the second looks up what fits in the limit of bytes: in one, the server would sort the payloads.
 */
export async function fetchPending(pool: MysqlPool, schema: string, request: FetchRequest): Promise<PendingRow[]> {
  const head = await readHead(pool, schema, request);
  if (head.length === 0) return [];
  const rows = await pool.query<Row[]>(
    `SELECT seq, event_id AS eventId, sink, receiver_key AS receiverKey, partition_no AS \`partition\`,
            chat_key AS chatKey, instance, chat, chat_sequence AS chatSequence, event, target, payload, parts,
            payload_bytes AS payloadBytes, captured_at AS capturedAt
     FROM ${schema}_outbox WHERE seq IN (?)`,
    [head.map(({ seq }) => seq)],
  );
  const large = await readParts(
    pool,
    schema,
    rows.filter(({ parts }) => parts > 0).map(({ seq }) => seq),
  );
  const bySeq = new Map(rows.map((row) => [row.seq, row]));
  return head.flatMap(({ seq, attempts }) => {
    const found = bySeq.get(seq);
    if (!found) return [];
    const { parts, payload, ...row } = found;
    return [{ ...row, payload: parts > 0 ? (large.get(seq) ?? '') : payload, attempts }];
  });
}

async function readHead(pool: MysqlPool, schema: string, request: FetchRequest): Promise<Head[]> {
  const { sink, partitions, exceptSeqs, exceptChatKeys, exceptReceivers, rows: limit, bytes } = request;
  const exceptions = Object.entries({ seq: exceptSeqs, chat_key: exceptChatKeys, receiver_key: exceptReceivers });
  const some = exceptions.filter(([, values]) => values.length > 0);
  const heads = await pool.query<Head[]>(
    `SELECT seq, attempts, payload_bytes AS bytes FROM ${schema}_pending
     WHERE sink = ? AND partition_no IN (?) ${some.map(([column]) => `AND ${column} NOT IN (?)`).join(' ')}
     ORDER BY seq LIMIT ?`,
    [sink, partitions, ...some.map(([, values]) => values), limit],
  );
  let before = 0;
  return heads.filter((head) => {
    const fits = before < bytes;
    before += head.bytes;
    return fits;
  });
}
