import { Client, type Pool } from 'pg';
import { backoffMs, type Random } from '../../core/backoff';
import { describe } from '../../core/errors';
import type { Log } from '../../core/log';
import { sleep } from '../../core/sleep';

const MOST_DELAY_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;

const channelOf = (schema: string) => `evolution_guard_${schema}`.slice(0, 63);

/**
 * Tells other processes which partitions rows were written in. In: partitions. Out: nothing. Locks: the server's queue of
 * notifications, for the commit of this statement alone: in the transaction of a capture it would serialize all captures.
 */
export async function announce(pool: Pool, schema: string, partitions: readonly number[]): Promise<void> {
  await pool.query('SELECT pg_notify($1, $2)', [channelOf(schema), partitions.join()]);
}

export interface ListenOptions {
  uri: string;
  schema: string;
  /** Called with the partitions that another process has written in. */
  heard: (partitions: readonly number[]) => void;
  random: Random;
  log: Log;
}

/**
 * Listens on a connection of its own, opened again for ever. What is said while it is away is found by polling: this only
 * saves the wait. Not for PgBouncer in transaction mode, where a session that listens is handed to somebody else.
 *
 * @returns what stops it.
 */
export function listen({ uri, schema, heard, random, log }: ListenOptions): () => Promise<void> {
  const stopping = new AbortController();
  const run = async () => {
    for (let attempt = 0; !stopping.signal.aborted; attempt += 1) {
      const client = new Client({
        connectionString: uri,
        application_name: 'evolution-guard',
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        keepAlive: true,
      });
      const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
      const end = () => void client.end().catch(() => undefined); // an end that fails has nothing left to end
      client.on('error', (error) => log.debug({ detail: describe(error) }, 'the listening connection was lost'));
      client.on('notification', ({ payload }) => heard((payload ?? '').split(',').map(Number)));
      stopping.signal.addEventListener('abort', end, { once: true });
      try {
        await client.connect();
        await client.query(`LISTEN "${channelOf(schema)}"`);
        attempt = 0;
        await ended;
      } catch (error) {
        log.debug({ detail: describe(error) }, 'the listening connection could not be opened');
        end();
      }
      stopping.signal.removeEventListener('abort', end);
      await sleep(backoffMs(attempt, random, 250, MOST_DELAY_MS), stopping.signal);
    }
  };
  const running = run();
  return () => {
    stopping.abort();
    return running;
  };
}
