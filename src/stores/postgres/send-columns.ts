import type { NewSend } from '../send-store';
import { batchOf } from './send-plans';

/** Of bodies in one statement: the server takes no value of a gigabyte, and memory is dear. One body may be larger. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Takes a batch apart for as many statements as its bodies need. */
export function inStatements<T>(batch: readonly T[], sendOf: (item: T) => NewSend | undefined): T[][] {
  const all: T[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const item of batch) {
    const size = sendOf(item)?.body?.length ?? 0;
    if (bytes + size > MOST_BYTES) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)?.push(item);
    bytes += size;
  }
  return all;
}

const COLUMNS = {
  send_id: 'uuid',
  instance: 'text',
  chat: 'text',
  integration: 'text',
  kind: 'text',
  caller: 'text',
  message_id: 'text',
  request_id: 'text',
  accepted_at: 'bigint',
  start: 'integer',
  bytes: 'integer',
};

/**
 * New sends as a table: `start` and `bytes` are the place of their bodies in one piece of bytes, as an array would have
 * every byte of them written in hexadecimal.
 *
 * @param first number of the first parameter.
 */
export const givenSends = (first: number) => `
  SELECT given.*, substring($${first + Object.keys(COLUMNS).length}::bytea, start, bytes) AS body
  FROM (${batchOf(first, COLUMNS)}) AS given`;

/** The parameters of `givenSends`, in its order. */
export function sendColumns(sends: readonly NewSend[]): unknown[] {
  const bodies = sends.flatMap(({ body }) => body ?? []);
  let next = 1; // the database counts bytes from 1
  const starts = sends.map(({ body }) => {
    const start = next;
    next += body?.length ?? 0;
    return start;
  });
  return [
    sends.map(({ sendId }) => sendId),
    sends.map(({ instance }) => instance),
    sends.map(({ chat }) => chat),
    sends.map(({ integration }) => integration),
    sends.map(({ kind }) => kind),
    sends.map(({ caller }) => caller),
    sends.map(({ messageId }) => messageId ?? null),
    sends.map(({ requestId }) => requestId ?? null),
    sends.map(({ acceptedAt }) => acceptedAt),
    starts,
    sends.map(({ body }) => body?.length ?? null),
    Buffer.concat(bodies),
  ];
}
