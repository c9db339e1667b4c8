import axios, { AxiosHeaders } from 'axios';
import { lookup } from 'node:dns/promises';
import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import { describe, GuardError } from '../../core/errors';
import type { AllowedHosts } from './allowed-hosts';

export interface HttpRequest {
  method: string;
  url: string;
  headers: Readonly<Record<string, string>>;
  body: Buffer | undefined;
  timeoutMs: number;
}

export interface HttpAnswer {
  status: number;
  /** As the receiver asks for, where it does. */
  retryAfterMs: number | undefined;
}

export interface HttpClientOptions {
  hosts: Pick<AllowedHosts, 'refusal' | 'addressRefusal'>;
  /** Stands in place of DNS. */
  resolve?: (name: string) => Promise<{ address: string; family: number }[]>;
}

/** Of an answer nothing is of interest but its head; what is short is read, so that the receiver sees no broken connection. */
const MOST_ANSWER_BYTES = 64 * 1024;
const ANSWER_BODY_MS = 2_000;
/** Under way at a time; others wait, and their time does not run yet. */
const MOST_AT_A_TIME = 200;

/**
 * Makes the requests of sequences. What a name resolves to is looked at when the connection is opened, every time anew:
 * no connection is kept, no proxy is asked, and no redirect is followed, as each could lead elsewhere.
 */
export class HttpClient {
  private readonly resolve: NonNullable<HttpClientOptions['resolve']>;
  private readonly waiting: (() => void)[] = [];
  private underWay = 0;

  constructor(private readonly options: HttpClientOptions) {
    this.resolve = options.resolve ?? ((name) => lookup(name, { all: true }));
  }

  /**
   * @param signal ends it at once.
   * @throws GuardError GUARD_SEQUENCE_URL, GUARD_SEQUENCE_LOOP; anything else is the network, or a receiver without answer.
   */
  async request(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const refusal = this.options.hosts.refusal(request.url);
    if (refusal) throw refusal;
    if (this.underWay >= MOST_AT_A_TIME) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.underWay += 1;
    try {
      return await this.send(request, signal);
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.underWay -= 1;
    }
  }

  private async send({ method, url, headers, body, timeoutMs }: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const patience = AbortSignal.timeout(timeoutMs);
    const { port, protocol } = new URL(url);
    const number = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
    const options = { keepAlive: false, lookup: this.lookUp(number) };
    try {
      const answer = await axios.request<Readable>({
        method,
        url,
        headers: AxiosHeaders.from({ 'User-Agent': 'evolution-guard', ...headers }),
        data: body,
        signal: AbortSignal.any([patience, signal]),
        httpAgent: new Agent(options),
        httpsAgent: new SecureAgent(options),
        proxy: false,
        maxRedirects: 0,
        maxBodyLength: Infinity,
        responseType: 'stream',
        decompress: false,
        transformRequest: (given: unknown) => given,
        validateStatus: () => true,
      });
      await discard(answer.data);
      return { status: answer.status, retryAfterMs: retryAfterMs(answer.headers['retry-after']) };
    } catch (error) {
      if (patience.aborted) throw new Error(`no answer within ${timeoutMs} ms`, { cause: error });
      throw originOf(error);
    }
  }

  /** In the form that sockets ask in. Addresses that are not allowed are as if they were not there. */
  private lookUp(port: number) {
    return (name: string, { all }: { all?: boolean | undefined }, done: LookedUp): void => {
      void this.allowedAddresses(name, port).then(
        (found) => {
          const [first] = found;
          if (all) done(null, found);
          else if (first) done(null, first.address, first.family);
        },
        (error: unknown) => done(error as Error, all ? [] : ''),
      );
    };
  }

  private async allowedAddresses(name: string, port: number) {
    const found = (await this.resolve(name)).filter(({ address }) => isIP(address) !== 0);
    const refusals = found.map(({ address }) => this.options.hosts.addressRefusal(address, port));
    const allowed = found.filter((_, index) => !refusals[index]);
    if (allowed.length > 0) return allowed;
    throw refusals[0] ?? new Error(`${name} has no address`);
  }
}

type Address = { address: string; family: number };
type LookedUp = (error: Error | null, found: string | Address[], family?: number) => void;

/** Clients wrap what a lookup has thrown. */
function originOf(error: unknown): Error {
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (at instanceof GuardError) return at;
  return new Error(describe(error), { cause: error });
}

/** Seconds only; the other form, a date, is not used by those who ask for patience. */
function retryAfterMs(header: unknown): number | undefined {
  return typeof header === 'string' && /^\d{1,5}$/.test(header) ? Number(header) * 1000 : undefined;
}

/** Resolves when the body has ended, or enough of it has been seen. */
function discard(body: Readable): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0;
    const timer = setTimeout(() => body.destroy(), ANSWER_BODY_MS);
    body.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MOST_ANSWER_BYTES) body.destroy();
    });
    body.on('error', () => undefined); // the head has said all
    body.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
