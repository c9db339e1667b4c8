import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export interface PipelinedRequest {
  path: string;
  body: unknown;
  method?: string;
  headers?: Record<string, string>;
}

export interface PipelinedAnswer {
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

/**
 * Writes requests one after the other to one connection without waiting for answers: so the order in which they arrive is
 * certain, which it is not over several connections.
 *
 * @returns the answers in that order; they have a length, as the host's do.
 */
export async function pipeline(
  url: string,
  requests: readonly PipelinedRequest[],
  gapMs = 0,
): Promise<PipelinedAnswer[]> {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  const answers: PipelinedAnswer[] = [];
  const done = new Promise<void>((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      for (let next = take(received); next; next = take(received)) {
        answers.push(next.answer);
        received = next.rest;
      }
      if (answers.length === requests.length) resolve();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`closed after ${answers.length} of ${requests.length} answers`)));
  });
  done.catch(() => undefined); // heard of below
  for (const { path, body, method = 'POST', headers = {} } of requests) {
    const text = JSON.stringify(body);
    const fields = { host, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
    socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${text}`);
    if (gapMs > 0) await pause(gapMs);
  }
  try {
    await done;
  } finally {
    socket.destroy();
  }
  return answers;
}

/** One whole answer from the front, or nothing while it is incomplete. */
function take(received: Buffer): { answer: PipelinedAnswer; rest: Buffer } | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = received.subarray(0, end).toString().split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const start = end + 4;
  const length = Number(headers['content-length']);
  if (!Number.isInteger(length)) throw new Error(`an answer without a length: ${first}`);
  if (received.length < start + length) return undefined;
  const body = JSON.parse(received.subarray(start, start + length).toString() || 'null') as unknown;
  return { answer: { status: Number(first.split(' ')[1]), headers, body }, rest: received.subarray(start + length) };
}
