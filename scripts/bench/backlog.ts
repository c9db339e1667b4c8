import { Pool } from 'pg';
import { placeOf } from '../../src/events/chat';
import { chatOf, benchEvent, CHATS, EVENT, EXCHANGE, INSTANCE, payloadOf, QUEUE } from './event';

/** Writes rows as capture would have, all at once: 200 chats in turn, payloads of 512 bytes. */
export async function fillOutbox(databaseUrl: string, rows: number): Promise<void> {
  const chats = Array.from({ length: CHATS }, (_, number) => chatOf(number));
  const places = chats.map((chat) => placeOf(INSTANCE, chat));
  const routes = [{ exchange: EXCHANGE, queue: QUEUE, bindingKey: EVENT, routingKey: EVENT }];
  const pool = new Pool({ connectionString: databaseUrl, max: 1 });
  await pool.query(
    `INSERT INTO guard.outbox (event_id, sink, partition, chat_key, instance, chat, chat_sequence, event,
                               target, payload, payload_bytes, captured_at)
     SELECT gen_random_uuid(), 'rabbitmq', ($2::smallint[])[slot], ($3::integer[])[slot], $4, ($5::text[])[slot],
            1 + number / cardinality($5::text[]), $6, $7::jsonb, $8, length($8), now()
     FROM (SELECT number, 1 + number % cardinality($5::text[]) AS slot FROM generate_series(0, $1 - 1) AS number) AS rows
     ORDER BY number`,
    [
      rows,
      places.map(({ partition }) => partition),
      places.map(({ chatKey }) => chatKey),
      INSTANCE,
      chats,
      EVENT,
      JSON.stringify({ routes }),
      payloadOf(benchEvent(0)),
    ],
  );
  await pool.query('ANALYZE guard.outbox');
  await pool.end();
}
