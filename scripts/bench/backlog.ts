import { Pool } from 'pg';
import { hash32, placeOf } from '../../src/events/chat';
import { RABBITMQ } from '../../src/events/sinks/rabbitmq';
import { chatOf, benchEvent, CHATS, EVENT, EXCHANGE, INSTANCE, payloadOf, QUEUE } from './event';

/** Writes rows as capture would have, all at once: 200 chats in turn, payloads of 512 bytes. */
export async function fillOutbox(databaseUrl: string, rows: number): Promise<void> {
  const chats = Array.from({ length: CHATS }, (_, number) => chatOf(number));
  const places = chats.map((chat) => placeOf(INSTANCE, chat));
  const routes = [{ exchange: EXCHANGE, queue: QUEUE, bindingKey: EVENT, routingKey: EVENT }];
  const pool = new Pool({ connectionString: databaseUrl, max: 1 });
  await pool.query(
    `WITH written AS (
     INSERT INTO guard.outbox (event_id, sink, receiver_key, partition, chat_key, instance, chat, chat_sequence, event,
                               target, payload, payload_bytes, captured_at)
     SELECT gen_random_uuid(), 'rabbitmq', $9, ($2::smallint[])[slot], ($3::integer[])[slot], $4, ($5::text[])[slot],
            1 + number / cardinality($5::text[]), $6, $7, $8, length($8), now()
     FROM (SELECT number, 1 + number % cardinality($5::text[]) AS slot FROM generate_series(0, $1 - 1) AS number) AS rows
     ORDER BY number
     RETURNING seq, sink, receiver_key, partition, chat_key, payload_bytes)
     INSERT INTO guard.pending (seq, sink, receiver_key, partition, chat_key, payload_bytes) SELECT * FROM written`,
    [
      rows,
      places.map(({ partition }) => partition),
      places.map(({ chatKey }) => chatKey),
      INSTANCE,
      chats,
      EVENT,
      JSON.stringify({ routes }),
      payloadOf(benchEvent(0)),
      hash32(RABBITMQ),
    ],
  );
  await pool.query('ANALYZE guard.outbox, guard.pending');
  await pool.end();
}
