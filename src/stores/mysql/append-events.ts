import { RowsRefused, type NewOutboxRow, type WrittenPlace } from '../outbox-store';
import { appendStatements, chunksOf } from './append-statements';
import { numberChats, placesOf, type Counter, type Places } from './chat-numbers';
import { StatementError } from './errors';
import type { MysqlPool } from './pool';
import { transact, type Statement } from './transact';

/** Shorter than for other statements: the host waits for this one, and a database that hangs must not hold it up. */
const PATIENCE_MS = 5_000;

/**
 * Writes a batch of events and numbers them within their chats, in one transaction.
 *
 * In: the batch. Out: a place for each row; when it returns, the rows are durable.
 * Locks: the counter rows of the chats concerned, taken in the order of their keys, so that two batches never wait in a
 * circle; they are held to the commit, so a later number of a chat can only become visible after an earlier one, and seq,
 * which InnoDB hands out after that, rises with it.
 * A repeat of a batch whose answer was lost fails at the unique key and is taken apart: what is there already is left out.
 *
 * @returns nothing where one of the rows was there before, as a gap has no place in that order.
 * @throws RowsRefused; errors of the driver as they come.
 */
export async function appendEvents(
  pool: MysqlPool,
  schema: string,
  rows: readonly NewOutboxRow[],
): Promise<WrittenPlace[] | undefined> {
  try {
    return await write(pool, schema, rows);
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    if (error.rowsAtFault) throw new RowsRefused(error.message, { cause: error });
    if (!error.isDuplicate) throw error;
    const missing = await findMissing(pool, schema, rows);
    if (missing.length === rows.length) throw error;
    if (missing.length > 0) await appendEvents(pool, schema, missing);
    return undefined;
  }
}

async function write(pool: MysqlPool, schema: string, rows: readonly NewOutboxRow[]): Promise<WrittenPlace[]> {
  const places = placesOf(rows);
  const chunks = chunksOf(rows);
  let numbers: number[] = [];
  const { rows: counters, outcomes } = await transact<Counter & { step: number }>(pool, {
    choose: countStatements(schema, places),
    change: (found) => {
      numbers = numberChats(places, found);
      return chunks.flatMap((chunk) => appendStatements(schema, chunk, numbers));
    },
    patienceMs: PATIENCE_MS,
  });
  // The statements that write to the outbox are the only ones that make numbers.
  const firsts = outcomes.map(({ insertId }) => Number(insertId)).filter((id) => id > 0);
  const step = counters[0]?.step ?? 1;
  return chunks.flatMap((chunk, index) =>
    chunk.rows.map((_, nth) => ({
      seq: (firsts[index] ?? 0) + nth * step,
      chatSequence: numbers[chunk.from + nth] ?? 0,
    })),
  );
}

/** Adds to the counters of chats, and reads them. In: chats in the order of their keys. Out: counters. Locks: them. */
function countStatements(schema: string, { chats }: Places): Statement[] {
  const values = chats.flatMap(({ sink, instance, chat }) => [sink, instance, chat]);
  return [
    {
      sql: `INSERT INTO ${schema}_chat_sequence (sink, instance, chat, last_number)
            VALUES ${chats.map(({ events }) => `(?,?,?,${events})`).join()}
            ON DUPLICATE KEY UPDATE last_number = last_number + VALUES(last_number)`,
      values,
    },
    {
      sql: `SELECT sink, instance, chat, last_number, @@auto_increment_increment AS step FROM ${schema}_chat_sequence
            WHERE (sink, instance, chat) IN (${chats.map(() => '(?,?,?)').join()})`,
      values,
    },
  ];
}

/** In: rows. Out: those that the outbox has not, each once. Locks: none. */
async function findMissing(
  pool: MysqlPool,
  schema: string,
  rows: readonly NewOutboxRow[],
): Promise<readonly NewOutboxRow[]> {
  const found = await pool.query<{ eventId: string; sink: string }[]>(
    `SELECT event_id AS eventId, sink FROM ${schema}_outbox WHERE event_id IN (?)`,
    [rows.map(({ eventId }) => eventId)],
  );
  const keyOf = ({ eventId, sink }: { eventId: string; sink: string }) => `${eventId} ${sink}`;
  const known = new Set(found.map(keyOf));
  return rows.filter((row) => !known.has(keyOf(row)) && known.add(keyOf(row)));
}
