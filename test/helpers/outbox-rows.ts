import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { NewOutboxRow, OutboxStore } from '../../src/stores/outbox-store';

/** An event as capture would write it; chats share the partition 0. */
export function outboxRow(fields: Partial<NewOutboxRow> = {}): NewOutboxRow {
  const event = { sink: 'rabbitmq', instance: 'shop', chat: 'a@g.us', event: 'send.message', target: '{}' };
  const place = { receiverKey: 0, chatKey: 0, partition: 0 };
  return {
    eventId: randomUUID(),
    ...event,
    ...place,
    payload: 'secret'.padEnd(fields.payloadBytes ?? 0),
    payloadBytes: 6,
    capturedAt: 1_000,
    ...fields,
  };
}

/** Writes rows and has them all delivered. */
export async function appendDelivered(outbox: OutboxStore, pool: Pool, rows: readonly NewOutboxRow[]): Promise<void> {
  await outbox.append(rows);
  const ids = rows.map(({ eventId }) => eventId);
  await pool.query(
    `WITH gone AS (
       DELETE FROM guard.pending USING guard.outbox AS o WHERE o.seq = pending.seq AND event_id = ANY($1::uuid[])
       RETURNING pending.seq
     ) INSERT INTO guard.delivered SELECT seq, now() FROM gone`,
    [ids],
  );
}

/** pending, delivered or dead; undefined for one that is not there. */
export async function stateOf(pool: Pool, eventId: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ state: string }>(
    `SELECT CASE WHEN d.seq IS NOT NULL THEN 'dead' WHEN g.seq IS NOT NULL THEN 'delivered' ELSE 'pending' END AS state
     FROM guard.outbox AS o LEFT JOIN guard.dead_letter AS d USING (seq) LEFT JOIN guard.delivered AS g ON g.seq = o.seq
     WHERE event_id = $1`,
    [eventId],
  );
  return rows[0]?.state;
}
