import { Pool } from 'pg';
import type { Contender, Stage } from '../contender';
import { payloadOf } from '../event';
import { confirmingPublisher } from '../publisher';

interface Waiting {
  payload: string;
  done: () => void;
}

/**
 * The least that makes an event durable before it leaves: what has come is inserted with one statement into a table
 * without an index, then published. No order, no retry, no mark. Nothing on this machine can answer an emit much faster.
 */
export async function startPlainInsert({ databaseUrl, brokerUrl }: Stage): Promise<Contender> {
  const pool = new Pool({ connectionString: databaseUrl, max: 1 });
  await pool.query('CREATE TABLE plain (payload text)');
  const publisher = await confirmingPublisher(brokerUrl);
  const publishes = new Set<Promise<void>>();
  let waiting: Waiting[] = [];
  let running: Promise<void> | undefined;

  const drain = async () => {
    await new Promise(setImmediate);
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      const payloads = batch.map(({ payload }) => payload);
      await pool.query({ name: 'put', text: 'INSERT INTO plain SELECT unnest($1::text[])', values: [payloads] });
      for (const { payload, done } of batch) {
        done();
        const publish = publisher.publish(payload).finally(() => publishes.delete(publish));
        publishes.add(publish);
      }
    }
    running = undefined;
  };
  return {
    batch: 1,
    outstanding: 500,
    async put(events) {
      await Promise.all(
        events.map(
          (event) =>
            new Promise<void>((done) => {
              waiting.push({ payload: payloadOf(event), done });
              running ??= drain();
            }),
        ),
      );
    },
    async finished() {
      await running;
      await Promise.all(publishes);
    },
    async stop() {
      await publisher.close();
      await pool.end();
    },
  };
}
