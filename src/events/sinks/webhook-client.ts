import axios, { AxiosHeaders } from 'axios';
import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { describe } from '../../core/errors';
import { ReceiverUnavailable, Refused } from '../sink';
import type { Answer } from './webhook-answer';

export interface WebhookClient {
  /**
   * @param headers as the operator has set them: of any shape.
   * @throws ReceiverUnavailable, or Refused where the URL or the headers make no request.
   */
  post(url: string, headers: Readonly<Record<string, unknown>>, body: Buffer): Promise<Answer>;
  /** Ends what is under way. */
  close(): void;
}

/**
 * Shorter than the shortest common limit of servers that do not tell theirs (Gunicorn, 2 s): a connection that the
 * receiver closes as it is used again costs a retry.
 */
const IDLE_CONNECTION_MS = 1_500;
const MOST_REDIRECTS = 5;
/** Of an answer nothing is of interest but its head; what is short is read, so that the connection can be used again. */
const MOST_ANSWER_BYTES = 64 * 1024;
const ANSWER_BODY_MS = 5_000;

type SentHeaders = InstanceType<typeof AxiosHeaders>;
/** Has a name in axios, which older releases keep to themselves. */
type GivenHeaders = Parameters<typeof AxiosHeaders.from>[0];

/** Codes of Node and axios for a URL or headers that cannot be sent. */
const UNSENDABLE = /^ERR_(INVALID_|HTTP_INVALID_|UNESCAPED_|BAD_REQUEST$|BAD_OPTION)/;

/** The host's own HTTP client, so that headers, proxies, certificates and credentials in a URL work as they do there. */
export function createWebhookClient(timeoutMs: number): WebhookClient {
  const connections = { keepAlive: true, timeout: IDLE_CONNECTION_MS };
  const httpAgent = new Agent(connections);
  const httpsAgent = new SecureAgent(connections);
  const underWay = new Set<AbortController>();

  const http = axios.create();
  const send = (url: URL, headers: SentHeaders, data: Buffer, signal: AbortSignal) =>
    http.post<Readable>(url.href, data, {
      headers,
      signal,
      httpAgent,
      httpsAgent,
      maxRedirects: 0,
      maxBodyLength: Infinity,
      responseType: 'stream',
      decompress: false,
      transformRequest: (body: unknown) => body,
      validateStatus: () => true,
    });

  return {
    async post(url, headers, body) {
      const patience = new AbortController();
      const timer = setTimeout(() => patience.abort(), timeoutMs);
      underWay.add(patience);
      try {
        const sent = AxiosHeaders.from(headers as GivenHeaders);
        sent.setContentType('application/json', false);
        let at = parsed(url);
        for (let hop = 0; hop <= MOST_REDIRECTS; hop += 1) {
          const { status, headers: answered, data } = await send(at, sent, body, patience.signal);
          discard(data);
          const next = redirection(status, answered.location, at);
          if (!next) return { status, retryAfter: text(answered['retry-after']) };
          if (next.origin !== at.origin) sent.delete(['authorization', 'cookie']);
          at = next;
        }
        throw new Refused('GUARD_WEBHOOK_REFUSED', `${at.origin} redirected more than ${MOST_REDIRECTS} times.`);
      } catch (error) {
        throw patience.signal.aborted ? new ReceiverUnavailable(`no answer within ${timeoutMs} ms`) : sorted(error);
      } finally {
        clearTimeout(timer);
        underWay.delete(patience);
      }
    },
    close() {
      for (const patience of underWay) patience.abort();
      httpAgent.destroy();
      httpsAgent.destroy();
    },
  };
}

function parsed(url: string): URL {
  if (URL.canParse(url)) return new URL(url);
  throw new Refused('GUARD_WEBHOOK_SETTINGS', 'The URL cannot be read.');
}

/** 307 and 308 keep method and body. After the others a client would ask by GET, and the event would be gone. */
function redirection(status: number, location: unknown, from: URL): URL | undefined {
  if ((status !== 307 && status !== 308) || typeof location !== 'string') return undefined;
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to && /^https?:$/.test(to.protocol)) return to;
  throw new Refused('GUARD_WEBHOOK_REFUSED', `${from.origin} redirected to ${to?.protocol ?? 'what is no URL'}.`);
}

function sorted(error: unknown): Error {
  if (error instanceof Refused) return error;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && UNSENDABLE.test(code)) {
    return new Refused('GUARD_WEBHOOK_SETTINGS', `${describe(error)}.`);
  }
  return new ReceiverUnavailable(describe(error));
}

const text = (value: unknown) => (typeof value === 'string' ? value : undefined);

function discard(body: Readable): void {
  let bytes = 0;
  const timer = setTimeout(() => body.destroy(), ANSWER_BODY_MS);
  body.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MOST_ANSWER_BYTES) body.destroy();
  });
  body.on('error', () => undefined); // the head has said all
  body.on('close', () => clearTimeout(timer));
}
