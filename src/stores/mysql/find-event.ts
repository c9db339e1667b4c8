import type { EventRecord } from '../dead-letters';
import { asRecord, RECORD, type RecordRow } from './event-record';
import { readParts } from './payload-parts';
import type { MysqlPool } from './pool';

/**
 * Reads one event in any state, without its payload. In: event id. Out: a row for each sink, by seq. Locks: none.
 */
export async function findEvent(pool: MysqlPool, schema: string, eventId: string): Promise<EventRecord[]> {
  const rows = await pool.query<RecordRow[]>(
    `SELECT ${RECORD}, COALESCE(d.attempts, p.attempts, 0) AS attempts,
            COALESCE(d.last_error, p.last_error) AS lastError, g.delivered_at AS deliveredAt, d.dead_at AS deadAt
     FROM ${schema}_outbox AS o
     LEFT JOIN ${schema}_pending AS p ON p.seq = o.seq
     LEFT JOIN ${schema}_delivered AS g ON g.seq = o.seq
     LEFT JOIN ${schema}_dead_letter AS d ON d.seq = o.seq
     WHERE o.event_id = ? ORDER BY o.seq`,
    [eventId],
  );
  return rows.map(asRecord);
}

/** The text of an event. In: event id. Out: the text for its first sink. Locks: none. */
export async function readPayload(pool: MysqlPool, schema: string, eventId: string): Promise<string | undefined> {
  const [row] = await pool.query<{ seq: number; payload: string; parts: number }[]>(
    `SELECT seq, payload, parts FROM ${schema}_outbox WHERE event_id = ? ORDER BY seq LIMIT 1`,
    [eventId],
  );
  if (!row || row.parts === 0) return row?.payload;
  return (await readParts(pool, schema, [row.seq])).get(row.seq);
}
