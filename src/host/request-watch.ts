import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Contact } from '../sends/attempt';

const watchers = new AsyncLocalStorage<(contact: Contact) => void>();
let subscribed = false;

/**
 * Tells how the HTTP requests went that some code makes, whatever client it makes them with: Node itself announces each
 * (diagnostics_channel `http.client.request.start`). Clients swallow what tells a request that never left from one whose
 * answer was lost, and that decides whether it may be made again.
 */
export function watchRequests<T>(tell: (contact: Contact) => void, work: () => Promise<T>): Promise<T> {
  if (!subscribed) {
    subscribed = true;
    subscribe('http.client.request.start', (event) => watch((event as { request: ClientRequest }).request));
  }
  return watchers.run(tell, work);
}

function watch(request: ClientRequest): void {
  const tell = watchers.getStore();
  if (!tell) return;
  let isConnected = false;
  const meet = (socket: Socket) => {
    const isSecure = 'encrypted' in socket;
    if (!socket.connecting && !(isSecure && request.reusedSocket === false)) isConnected = true;
    socket.once(isSecure ? 'secureConnect' : 'connect', () => (isConnected = true));
  };
  if (request.socket) meet(request.socket);
  else request.once('socket', meet);
  request.once('error', (error) => {
    tell({ kind: isConnected ? 'unanswered' : 'not-written', detail: error.message || error.name });
  });
  request.once('response', ({ statusCode = 0, headers }: IncomingMessage) => {
    if (statusCode === 429) {
      tell({ kind: 'put-off', detail: 'HTTP 429', retryAfterMs: retryAfterMs(headers['retry-after']) });
    } else if (statusCode >= 500) {
      tell({ kind: 'unanswered', detail: `HTTP ${statusCode}` });
    }
  });
}

/** Seconds only; the other form, a date, is not used by those who ask for patience. */
function retryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,5}$/.test(header) ? Number(header) * 1000 : undefined;
}
