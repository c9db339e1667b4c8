import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { NewOutboxRow, OutboxStore } from '../../src/stores/outbox-store';

/** An event as capture would write it; chats share the partition 0. */
export function outboxRow(fields: Partial<NewOutboxRow> = {}): NewOutboxRow {
  const event = { sink: 'rabbitmq', instance: 'shop', chat: 'a@g.us', event: 'send.message', target: { routes: [] } };
  const place = { chatKey: 0, partition: 0 };
  return {
    eventId: randomUUID(),
    ...event,
    ...place,
    payload: 'secret',
    payloadBytes: 6,
    capturedAt: 1_000,
    ...fields,
  };
}

/** Writes rows and has them all delivered. */
export async function appendDelivered(outbox: OutboxStore, pool: Pool, rows: readonly NewOutboxRow[]): Promise<void> {
  await outbox.append(rows);
  const ids = rows.map(({ eventId }) => eventId);
  await pool.query('UPDATE guard.outbox SET delivered_at = now() WHERE event_id = ANY($1::uuid[])', [ids]);
}

/** pending, delivered or dead; undefined for one that is not there. */
export async function stateOf(pool: Pool, eventId: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ state: string }>(
    `SELECT CASE WHEN dead_at IS NOT NULL THEN 'dead' WHEN delivered_at IS NOT NULL THEN 'delivered' ELSE 'pending' END
       AS state FROM guard.outbox WHERE event_id = $1`,
    [eventId],
  );
  return rows[0]?.state;
}
