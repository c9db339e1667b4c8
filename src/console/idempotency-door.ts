import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { ErrorCode } from '../core/error-registry';
import { GuardError } from '../core/errors';
import type { Idempotency } from '../sends/idempotency';
import { fingerprintOf, requestIdOf } from '../sends/idempotency-key';
import { errorAnswer, keptAnswer } from '../sends/idempotent-answer';
import { IdempotentRun } from '../sends/idempotent-run';
import { inSurroundings } from '../sends/turn';
import type { StoredAnswer } from '../stores/idempotency-store';

/** What the door needs of sends; compose.ts hands it in. */
export interface IdempotencyDoorOptions {
  idempotency: Pick<Idempotency, 'admit' | 'conclude'>;
  /** Whether sends of this instance are guarded. */
  isGuarded: (instance: string) => boolean;
}

const STATUSES: Partial<Record<ErrorCode, readonly [status: number, name: string]>> = {
  GUARD_IDEMPOTENCY_KEY: [400, 'Bad Request'],
  GUARD_IDEMPOTENCY_MISMATCH: [422, 'Unprocessable Entity'],
  GUARD_SENDS_FULL: [429, 'Too Many Requests'],
};
/** Seconds after which a caller who met too many others may try again. */
const RETRY_AFTER_SECONDS = 5;
/** The routes by which the host sends, in any case, as Express takes them. */
const ROUTE = /^\/message\/\w+\/([^/]+)\/?$/i;

/**
 * Stands before the host's own routes that send, and before the door that takes a place in the chat's queue: a request with
 * a header `Idempotency-Key` comes through once, the others with the same key get its answer. Without an API key there is
 * nothing to tell: the host refuses it.
 */
export function createIdempotencyDoor({ idempotency, isGuarded }: IdempotencyDoorOptions): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const [key, apiKey] = [request.get('idempotency-key'), request.get('apikey')];
    const instance = instanceOf(request);
    if (key === undefined || !apiKey || instance === undefined || !isGuarded(instance)) return next();
    const gone = new AbortController();
    const leave = () => gone.abort();
    response.once('close', leave);
    const pass = async () => {
      const asked = read(request, { apiKey, instance, key });
      const admitted = await idempotency.admit(asked, gone.signal);
      if (admitted instanceof IdempotentRun) {
        response.off('close', leave); // the host goes on without its caller, too
        capture(response, admitted, idempotency);
        inSurroundings({ caller: 'http', isHigh: false, requestId: admitted.requestId }, next);
      } else if (admitted) {
        response.set('Idempotency-Replayed', 'true');
        give(response, admitted);
      }
    };
    void pass().catch((error: unknown) => refuse(error, response, next));
  };
}

function instanceOf(request: Request): string | undefined {
  const [, name] = ROUTE.exec(request.baseUrl + request.path) ?? [];
  if (name === undefined || request.method !== 'POST') return undefined;
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined; // the host will say what it thinks of it
  }
}

/** @throws GuardError GUARD_IDEMPOTENCY_KEY */
function read(request: Request, scope: { apiKey: string; instance: string; key: string }) {
  if (/^multipart\//i.test(request.get('content-type') ?? '')) {
    throw new GuardError('GUARD_IDEMPOTENCY_KEY', 'It is a form (multipart), which is not read at this point.');
  }
  const { method, baseUrl, path, query } = request;
  const body: unknown = request.body;
  return { requestId: requestIdOf(scope), fingerprint: fingerprintOf({ method, path: baseUrl + path, query, body }) };
}

/** Hears what the host answers. An answer that is kept goes to the caller when it is safe. */
function capture(response: Response, run: IdempotentRun, idempotency: IdempotencyDoorOptions['idempotency']): void {
  const send = response.send.bind(response);
  response.send = (body?: unknown) => {
    if (typeof body === 'object' && body !== null && !Buffer.isBuffer(body)) return send(body); // it comes again as text
    response.send = send;
    response.off('finish', ended);
    const { statusCode } = response;
    const isJson = typeof body === 'string' && /\bjson\b/.test(String(response.get('content-type')));
    const concluded = idempotency.conclude(run, keptAnswer(statusCode, isJson ? body : undefined));
    if (!run.keeps(statusCode)) return send(body);
    void concluded.then(() => (response.headersSent ? undefined : send(body)));
    return response;
  };
  const ended = () => void idempotency.conclude(run, keptAnswer(response.statusCode, undefined));
  response.once('finish', ended);
}

function give(response: Response, { status, text }: StoredAnswer): void {
  response.status(status).type('json').send(text);
}

function refuse(error: unknown, response: Response, next: NextFunction): void {
  if (!(error instanceof GuardError)) return next(error);
  const [status, name] = STATUSES[error.code] ?? [503, 'Service Unavailable'];
  if (status === 429) response.set('Retry-After', String(RETRY_AFTER_SECONDS));
  give(response, errorAnswer(status, name, [error.message]));
}
