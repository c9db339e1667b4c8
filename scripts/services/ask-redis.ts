import Redis from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';

/** So long a server may take for one command: one that stands still is asked again by whoever waits for it. */
const ANSWER_MS = 2_000;
const LOOK_MS = 50;
const PATIENCE_MS = 60_000;

/** A connection of its own, for a few commands. Rejects where the server does not answer; nothing is tried twice. */
export async function askRedis<Answer>(url: string, work: (client: Redis) => Promise<Answer>): Promise<Answer> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: ANSWER_MS,
    commandTimeout: ANSWER_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  client.on('error', () => undefined); // the command that meets it rejects
  try {
    await client.connect();
    return await work(client);
  } finally {
    client.disconnect();
  }
}

/** The fields of INFO, by name. */
export function fieldsOf(info: string): Map<string, string> {
  const pairs = info.split('\r\n').filter((line) => line.includes(':'));
  return new Map(pairs.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

/** Resolves when the condition holds. An error counts as a no, and is told of when it never does. */
export async function untilHolds(what: string, condition: () => Promise<boolean>): Promise<void> {
  let lastError: unknown = 'it does not';
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(LOOK_MS)) {
    try {
      if (await condition()) return;
      lastError = 'it does not';
    } catch (error) {
      lastError = error;
    }
  }
  throw new Error(`within a minute it did not come to this: ${what} (${String(lastError)})`);
}
