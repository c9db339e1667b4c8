import { randomUUID } from 'node:crypto';
import type { NewOutboxRow, OutboxStore } from '../../src/stores/outbox-store';
import type { TestSession } from './test-store';

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
export async function appendDelivered(outbox: OutboxStore, rows: readonly NewOutboxRow[]): Promise<void> {
  const places = await outbox.append(rows);
  const owner = randomUUID();
  const epochs = new Map((await outbox.lease(owner, 60_000, 64)).map(({ partition, epoch }) => [partition, epoch]));
  const deliveries = rows.map(({ partition }, index) => {
    return { seq: places?.[index]?.seq ?? 0, partition, epoch: epochs.get(partition) ?? -1 };
  });
  await outbox.markDelivered(owner, deliveries);
  await outbox.resign(owner);
}

/** pending, delivered or dead; undefined for one that is not there. */
export async function stateOf({ query }: Pick<TestSession, 'query'>, eventId: string): Promise<string | undefined> {
  const [row] = await query<{ state: string }>(
    `SELECT CASE WHEN d.seq IS NOT NULL THEN 'dead' WHEN g.seq IS NOT NULL THEN 'delivered'
                 WHEN p.seq IS NOT NULL THEN 'pending' ELSE 'nowhere' END AS state
     FROM {outbox} AS o LEFT JOIN {dead_letter} AS d ON d.seq = o.seq LEFT JOIN {delivered} AS g ON g.seq = o.seq
       LEFT JOIN {pending} AS p ON p.seq = o.seq
     WHERE event_id = '${eventId}'`,
  );
  return row?.state;
}
